"""Weights from elsewhere: which encoder they are of, and how they get into it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from nearfar.weights import (
    Architecture,
    Candidate,
    Preparation,
    WeightFile,
    candidates,
    chosen,
    matched,
)

__all__ = ["USUAL_SIDE", "ForeignWeights", "Loaded", "per_channel"]

USUAL_SIDE = 224
"""Side of images, where nothing says another one."""


@dataclass(frozen=True)
class Loaded:
    """What of a file became an encoder.

    Attributes:
        used: Number of keys that became weights of the encoder.
        dropped: Keys of heads in the encoder's part of the file.
        apart: How many keys each other part of the file has.
        notes: What is to be said of it, the first of which counts the keys.
    """

    used: int
    dropped: tuple[str, ...]
    apart: Mapping[str, int]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ForeignWeights:
    """Weights of a file or a run, with the name and the inputs of their encoder.

    Attributes:
        what: As the user named them.
        file: The file.
        encoder: Name of the encoder, as ``--encoder`` takes it.
        key: Prefix that was asked for.
        known: The architecture that the shapes say; None where it is not recognised.
        channels: Channels of the images that the weights are for.
        preparation: Mean, deviation and size of images for them; None where that is not images'.
        notes: What is assumed.
    """

    what: str
    file: WeightFile
    encoder: str
    key: str | None
    known: Architecture | None
    channels: int
    preparation: Preparation | None
    notes: tuple[str, ...]

    @property
    def epsilon(self) -> float | None:
        """What transformers' layer norms add to variances; None if nothing says it."""
        said = self.file.configuration.get("config.json", {}).get("layer_norm_eps")
        return float(said) if isinstance(said, (int, float)) else None

    @property
    def image_size(self) -> int | None:
        """Side of the images that the weights are for; None for that of the data."""
        said = self.preparation.image_size if self.preparation else None
        if said is not None or self.known is None:
            return said
        usual = USUAL_SIDE if self.known.stem == "standard" else None
        return self.known.image_size or usual

    def options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Options of images and encoder that belong to the weights, unless they are given.

        Raises:
            ValueError: Another stem than that of the weights was asked for.
        """
        if self.known is None:
            return {}
        stem = given.get("stem") or "auto"
        if stem not in ("auto", self.known.stem):
            raise ValueError(
                f"`stem` must be {self.known.stem!r}, that of the weights in {self.what}, whose"
                f" first convolution does not fit another one, got {stem!r}"
            )
        size = given.get("image_size") or self.image_size
        return {"stem": self.known.stem} | ({} if size is None else {"image_size": size})

    def for_training(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Options of images and encoder for training, unless they are given.

        The size of the images is that of the data, unless the weights have position embeddings.

        Args:
            given: Options that were given.
        """
        size = self.known.image_size if self.known else None
        found = self.options(given)
        return {k: v for k, v in found.items() if k != "image_size" or size is not None}

    def view_options(self, settings: Callable[..., Any], *, channels: int) -> dict[str, Any]:
        """Mean and deviation of views for these weights.

        Args:
            settings: Class or function of the views.
            channels: Channels of the images.
        """
        if self.preparation is None:
            return {}
        known = inspect.signature(settings).parameters
        values = {"mean": self.preparation.mean, "std": self.preparation.std}
        return {name: per_channel(v, channels) for name, v in values.items() if name in known}

    def start(self, module: nn.Module, name: str) -> tuple[str, ...]:
        """Put the weights into an encoder that is then trained; returns the notes on them."""
        notes = self.load_into(module, name=name).notes
        own = {part.eps for part in module.modules() if isinstance(part, nn.LayerNorm)}
        if self.epsilon is None or own <= {self.epsilon}:
            return notes
        held = ", ".join(f"{eps:g}" for eps in sorted(own))
        return (
            *notes,
            f"layer norms add {held} to variances, those of the weights {self.epsilon:g}",
        )

    def load_into(self, module: nn.Module, *, name: str) -> Loaded:
        """Put the weights into an encoder.

        Args:
            module: The encoder, of the architecture of the weights.
            name: Its name, for messages.

        Raises:
            ValueError: Not the weights of this encoder; the message names the keys.
        """
        names = set(module.state_dict())
        candidate, note = _candidate(self.file, self.key, names=names)
        found = matched(self.file, candidate, module, name=name)
        module.load_state_dict(dict(found.state), strict=True)
        place = f" under {candidate.place}" if candidate.place else ""
        counted = [f"{len(found.used):,} keys{place} are the weights of {name}"]
        if found.dropped:
            counted.append(f"{len(found.dropped):,} of heads are dropped ({_few(found.dropped)})")
        if found.apart:
            counted.append(
                f"{sum(found.apart.values()):,} of other parts are not used"
                f" ({_few([f'{part} {count:,}' for part, count in found.apart.items()])})"
            )
        notes = (f"weights of {self.what}: {', '.join(counted)}", note, *found.notes, *self.notes)
        kept = tuple(dict.fromkeys(note for note in notes if note))
        return Loaded(len(found.used), found.dropped, found.apart, kept)


def per_channel(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Mean or deviation for other channels: the mean over those that are known."""
    if len(values) in (1, channels):
        return values
    return (sum(values) / len(values),)


def _candidate(file: WeightFile, key: str | None, *, names: set[str]) -> tuple[Candidate, str]:
    found = candidates(file.shapes, encoder=names)
    if not found:
        held, wanted = ", ".join(list(file.shapes)[:3]), ", ".join(sorted(names)[:3])
        raise ValueError(
            f"`weights` must be those of the encoder, but {file.path} has {held}, ..., the encoder"
            f" {wanted}, ..."
        )
    return chosen(found, key, file=str(file.path))


def _few(names: Any) -> str:
    listed = [str(name) for name in names]
    return ", ".join(listed[:3]) + (", ..." if len(listed) > 3 else "")
