"""The encoders that a file of weights holds: prefixes, and which one is meant."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from nearfar.weights._spellings import SPELLINGS, Sources

__all__ = ["Candidate", "candidates", "chosen"]

_AVERAGED = {"teacher", "ema"}  # what their authors evaluate
_LAGGING = {"student", "momentum", "target", "key", "k"}


@dataclass(frozen=True)
class Candidate:
    """An encoder in a file.

    Attributes:
        prefix: What comes before the names of its tensors.
        spelling: Whose names they are.
        sources: Names in the file of each tensor, by timm's names or by those of the encoder.
        names: Every name in the file below the prefix.
    """

    prefix: str
    spelling: str
    sources: Mapping[str, Sources]
    names: tuple[str, ...]

    @property
    def place(self) -> str:
        """The prefix as ``--weights-key`` takes it."""
        return self.prefix.removesuffix(".")


def candidates(
    names: Collection[str], *, encoder: Collection[str] | None = None
) -> list[Candidate]:
    """The encoders in a file, in the order in which one is chosen.

    Args:
        names: Names of the tensors.
        encoder: Names of the tensors of the encoder, if it is known: any that nearfar builds.

    Example:
        >>> names = ["module.encoder_q.layer1.0.conv1.weight", "module.queue"]
        >>> [found.place for found in candidates(names)]
        ['module.encoder_q']
    """
    found = {candidate.prefix: candidate for candidate in _exact(names, encoder or ())}
    for spelling in SPELLINGS:
        for prefix, below in _below(names, spelling.anchor):
            whole = tuple(prefix + name for name in below)
            other = Candidate(prefix, spelling.name, spelling.rename(below), whole)
            found.setdefault(prefix, other)  # the first spelling that fits
    full = [_with_prefix(candidate) for candidate in found.values()]
    return sorted(full, key=lambda candidate: (_rank(candidate.place), candidate.prefix.count(".")))


def _below(names: Collection[str], anchor: str) -> list[tuple[str, list[str]]]:
    """Each prefix under which a name is found, with the names below it."""
    ends = [name.removesuffix(anchor) for name in names if name.endswith(anchor)]
    prefixes = dict.fromkeys(p for p in ends if not p or p.endswith("."))
    return [(p, [n.removeprefix(p) for n in names if n.startswith(p)]) for p in prefixes]


def _exact(names: Collection[str], encoder: Collection[str]) -> list[Candidate]:
    """Encoders whose names are those of a known one."""
    if not encoder:
        return []
    parameters = {name for name in encoder if not name.endswith("num_batches_tracked")}
    anchor = min(parameters, key=lambda name: (-name.count("."), name), default="")
    return [
        Candidate(prefix, "the encoder", {n: (n,) for n in below}, tuple(prefix + n for n in below))
        for prefix, below in _below(names, anchor)
        if parameters <= set(below)
    ]


def _with_prefix(candidate: Candidate) -> Candidate:
    whole = {
        name: tuple(candidate.prefix + part for part in parts)
        for name, parts in candidate.sources.items()
    }
    return Candidate(candidate.prefix, candidate.spelling, whole, candidate.names)


def _rank(place: str) -> int:
    """0 for teachers and averages, 1 for encoders without a counterpart, 2 for the others."""
    words = set(place.replace("_", ".").lower().split("."))
    return 0 if words & _AVERAGED else 2 if words & _LAGGING else 1


def chosen(found: Sequence[Candidate], key: str | None, *, file: str) -> tuple[Candidate, str]:
    """The encoder that is meant, and a note if there are others.

    Args:
        found: The encoders in a file.
        key: Prefix of the one that is meant, or a part of it; None for the first.
        file: The file, for messages.

    Raises:
        ValueError: No encoder has this prefix, or several have.
    """
    if key is not None:
        matching = [c for c in found if c.place == key] or [c for c in found if _has(c.place, key)]
        if not matching:
            raise ValueError(
                f"`weights_key` must be {_listed(found)}, the encoders in {file}, got {key!r}"
            )
        found = matching
    first, *others = found
    if not others or (key is not None and first.place == key):
        return first, ""
    return first, (
        f"{file} holds {len(found)} encoders: {first.place or 'the one without a prefix'} is used;"
        f" weights key {_listed(others)} chooses another"
    )


def _has(place: str, key: str) -> bool:
    """Whether the parts of a key follow each other in a prefix."""
    return f".{key.strip('.')}." in f".{place}."


def _listed(found: Sequence[Candidate]) -> str:
    return " or ".join(candidate.place or "''" for candidate in found)
