"""The weights of an encoder from a file, with every key accounted for."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.weights._candidates import Candidate
from nearfar.weights._weight_files import WeightFile

__all__ = ["Matched", "matched"]

_HEAD = re.compile(
    r"(fc|heads?|classifier|linear|projection|projector|predictor|prediction|prototypes|decoder"
    r"|mask_token|masked_embed|pooler|online|embeddings\.mask_token)(\w*)(\.|$)"
)
_DERIVED = re.compile(r".*(num_batches_tracked|relative_position_index|attn_mask)$")


@dataclass(frozen=True, eq=False)
class Matched:
    """Weights for an encoder.

    Attributes:
        state: Each tensor by the encoder's own name.
        used: Keys of the file that became weights of the encoder.
        dropped: Keys of the encoder's part of the file that are heads of its training.
        apart: Keys of other parts of the file: how many of each.
        notes: What was changed to fit.
    """

    state: Mapping[str, Tensor]
    used: tuple[str, ...]
    dropped: tuple[str, ...]
    apart: Mapping[str, int]
    notes: tuple[str, ...]


def matched(file: WeightFile, candidate: Candidate, encoder: nn.Module, *, name: str) -> Matched:
    """The weights of an encoder from one of the encoders of a file.

    The first layer is summed or repeated for another number of channels, and position embeddings
    are interpolated for another size of images; anything else must fit as it is.

    Args:
        file: The file.
        candidate: The encoder in the file.
        encoder: The encoder that takes them; it is not changed.
        name: Its name, for messages.

    Raises:
        ValueError: Weights that are missing, left over or of another shape; the message names them.
    """
    target: dict[str, Tensor] = encoder.state_dict()
    wanted = [key for key in target if key in candidate.sources]
    missing = [k for k in target if k not in candidate.sources and not _DERIVED.fullmatch(k)]
    used = [part for key in wanted for part in candidate.sources[key]]
    below = set(candidate.names) - set(used)
    heads = [key for key in below if _HEAD.match(key.removeprefix(candidate.prefix))]
    heads += [key for key in below if _DERIVED.fullmatch(key) and key not in heads]
    over = sorted(below - set(heads))
    where = f"{file.path}" + (f" ({candidate.place})" if candidate.place else "")
    _refuse(where, name, "has no weights for", missing)
    _refuse(where, name, "also has", over)
    state, notes, other = {}, [], []
    for key in wanted:
        value = _stacked([file.read(part) for part in candidate.sources[key]])
        fitted, note = _fitted(key, value, target[key])
        if fitted is None:
            shape, expected = tuple(value.shape), tuple(target[key].shape)
            other.append(f"{key} {shape} instead of {expected}")
            continue
        state[key] = fitted.to(target[key].dtype)
        notes += [note] if note else []
    _refuse(where, name, "has", other)
    for key in target.keys() - state.keys():  # counters and indices, which follow from the others
        state[key] = target[key]
    outside = [key for key in file.shapes if not key.startswith(candidate.prefix)]
    apart = Counter(_group(key, candidate.prefix) for key in outside)
    return Matched(state, tuple(used), tuple(sorted(heads)), dict(apart), tuple(notes))


def _refuse(where: str, name: str, what: str, keys: Sequence[str]) -> None:
    if not keys:
        return
    more = f" and {len(keys) - 3:,} more" if len(keys) > 3 else ""
    raise ValueError(
        f"`weights` must be those of {name}, but {where} {what} {', '.join(keys[:3])}{more}"
    )


def _group(key: str, prefix: str) -> str:
    """The part of the file that a key belongs to: the first word that is not in the prefix."""
    own, shared = prefix.split("."), []
    for word, other in zip(key.split("."), [*own, *[""] * key.count(".")], strict=False):
        shared.append(word)
        if word != other:
            break
    return ".".join(shared)


def _stacked(values: Sequence[Tensor]) -> Tensor:
    return values[0] if len(values) == 1 else torch.cat(list(values))


def _fitted(key: str, value: Tensor, like: Tensor) -> tuple[Tensor | None, str]:
    """A tensor in the shape that the encoder has, and a note if it was changed."""
    if value.shape == like.shape:
        return value, ""
    for change in _CHANGES:
        found = change(key, value, like)
        if found is not None:
            return found
    return None, ""


def _channels(key: str, value: Tensor, like: Tensor) -> tuple[Tensor, str] | None:
    """The first layer for other channels: summed for one, else repeated and scaled, as timm's."""
    first = key in ("conv1.weight", "patch_embed.proj.weight")
    if not first or value.ndim != 4 or value.shape[0::2] != like.shape[0::2]:
        return None
    before, after = value.shape[1], like.shape[1]
    if value.shape[3] != like.shape[3] or before == after:
        return None
    if after == 1:
        how = f"summed over its {before} channels"
        return value.sum(dim=1, keepdim=True), f"the first layer is {how}"
    repeated = value.repeat(1, -(-after // before), 1, 1)[:, :after] * (before / after)
    return repeated, f"the first layer is repeated from {before} to {after} channels and scaled"


def _positions(key: str, value: Tensor, like: Tensor) -> tuple[Tensor, str] | None:
    """Position embeddings for another grid of patches, by bicubic interpolation."""
    if key != "pos_embed" or value.ndim != 3 or value.shape[2] != like.shape[2]:
        return None
    extra = value.shape[1] - int(value.shape[1] ** 0.5) ** 2
    side, new = (int((t.shape[1] - extra) ** 0.5) for t in (value, like))
    if side * side + extra != value.shape[1] or new * new + extra != like.shape[1]:
        return None
    own, grid = value[:, :extra].float(), value[:, extra:].float()
    square = grid.reshape(1, side, side, -1).permute(0, 3, 1, 2)
    resized = F.interpolate(square, size=(new, new), mode="bicubic", antialias=True)
    flat = resized.permute(0, 2, 3, 1).reshape(1, new * new, -1)
    return torch.cat([own, flat], dim=1), (
        f"position embeddings are interpolated from {side}×{side} to {new}×{new} patches"
    )


def _singletons(key: str, value: Tensor, like: Tensor) -> tuple[Tensor, str] | None:
    """The same numbers with other dimensions of length one."""
    if [n for n in value.shape if n > 1] != [n for n in like.shape if n > 1]:
        return None
    return value.reshape(like.shape), ""


_CHANGES: tuple[Callable[[str, Tensor, Tensor], tuple[Tensor, str] | None], ...] = (
    _singletons,
    _channels,
    _positions,
)
