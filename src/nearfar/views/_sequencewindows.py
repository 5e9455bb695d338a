"""Batched operations on sequences: windows, time masks and frequency masks."""

from __future__ import annotations

from typing import Literal

import torch
from jaxtyping import Float, Float32, Float64
from torch import Tensor

from nearfar.inputs import Sequences

__all__ = ["Padding", "band_stop", "blank", "windows"]

Padding = Literal["wrap", "reflect", "zero"]


def windows(
    whole: Sequences,
    *,
    length: int,
    start: Float32[Tensor, " batch"],
    speed: Float64[Tensor, " batch"] | None,
    pad: Padding,
) -> Float[Tensor, "batch channels length"]:
    """Extract one window of each sequence.

    Args:
        whole: The sequences.
        length: Number of steps of a window.
        start: Start of the window, from 0 (earliest) to 1 (latest). If a sequence is shorter than
            the window, the window can start at any of its steps; with ``zero``, the whole sequence
            is at any position in the window.
        speed: Steps of the sequence per step of the window; 1 by default.
        pad: Padding beyond the ends.
    """
    values, extents = whole.values, whole.extents()
    count = extents.to(values.device, torch.float64)
    room = count - (length if speed is None else length * speed)
    least = room.clamp_max(0) if pad == "zero" else torch.zeros_like(room)
    most = room.clamp_min(0) if pad == "zero" else torch.where(room >= 0, room, count - 1)
    first = start.double() * (most - least + (speed is None))  # whole steps, including the last one
    first = least + (first.floor() if speed is None else first)
    steps = torch.arange(length, device=values.device, dtype=torch.float64)
    if speed is None:
        places = first[:, None] + steps
        return _at(values, places.long(), extents, pad)
    places = first[:, None] + steps * speed[:, None]
    before = places.floor()
    after = (places - before).to(values.dtype)[:, None]
    near = _at(values, before.long(), extents, pad)
    return near + after * (_at(values, before.long() + 1, extents, pad) - near)


def _at(values: Tensor, places: Tensor, extents: Tensor, pad: Padding) -> Tensor:
    """Values at the given positions of each sequence, inside it or in its padding."""
    count = extents.to(values.device)[:, None].clamp_min(1)
    if pad == "wrap":
        inside = places % count
    elif pad == "reflect":
        period = (2 * count - 2).clamp_min(1)
        turned = places % period
        inside = torch.where(turned < count, turned, period - turned)
    else:
        inside = places.clamp_min(0).minimum(count - 1)
    index = inside[:, None].expand(-1, values.shape[1], -1)
    found = values.gather(2, index)
    if pad == "zero":
        found = found * ((places >= 0) & (places < count))[:, None]
    return found


def blank(
    shown: Float[Tensor, "batch channels time"],
    numbers: Float32[Tensor, "batch masks"],
    *,
    largest: float,
) -> Float[Tensor, "batch channels time"]:
    """Set time spans to zero, given two numbers in [0, 1) per mask: its length and its position."""
    return shown * _kept(numbers, shown.shape[2], largest)[:, None]


def band_stop(
    shown: Float[Tensor, "batch channels time"],
    numbers: Float32[Tensor, "batch masks"],
    *,
    largest: float,
) -> Float[Tensor, "batch channels time"]:
    """Remove frequency bands, given two numbers in [0, 1) per mask: its width and its position."""
    spectrum = torch.fft.rfft(shown, dim=2)
    kept = _kept(numbers, spectrum.shape[2], largest)[:, None]
    stopped: Tensor = torch.fft.irfft(spectrum * kept, n=shown.shape[2], dim=2)
    return stopped


def _kept(numbers: Tensor, size: int, largest: float) -> Tensor:
    """Positions not covered by a mask, batch × size."""
    widths = numbers[:, 0::2, None] * largest * size
    starts = numbers[:, 1::2, None] * (size - widths)
    places = torch.arange(size, device=numbers.device) + 0.5
    masked = (places >= starts) & (places < starts + widths)
    kept: Tensor = ~masked.any(dim=1)
    return kept
