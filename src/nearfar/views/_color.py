"""Per-sample colour changes of planes [channels, batch, pixels] in [0, 1]."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from nearfar.views._scratch import Scratch

__all__ = [
    "Blends",
    "adjust_hue_",
    "as_blends",
    "blend_",
    "blend_columns",
    "jitter_",
    "make_gray_",
    "to_gray",
]

_LUMA = (0.2989, 0.587, 0.114)
_CONTRAST, _SATURATION = 1, 2
_ORDERS = tuple(itertools.permutations(range(3)))
_TINY = 1e-12

Planes = Float32[Tensor, "channels batch pixels"]
Rounds = tuple[Tensor, ...]


class Blends(NamedTuple):
    """Changes of brightness, contrast and saturation in each sample's own order, and its hue shift.

    Attributes:
        factors: For each of three rounds, the factor of the distance from its target.
        to_mean: 1 if the round's target is the mean grey (contrast), else 0.
        to_gray: 1 if the round's target is the grey image (saturation), else 0. If both are 0, the
            target is black (brightness).
        hue: Hue shift in turns.
    """

    factors: Rounds
    to_mean: Rounds
    to_gray: Rounds
    hue: Float32[Tensor, "batch 1"]


def blend_columns(
    factors: Float32[Tensor, "batch changes"], order: Int64[Tensor, " batch"], *, color: bool
) -> Float32[Tensor, "columns batch 1"]:
    """The columns of :class:`Blends`, from the factors of all four changes and the order of three.

    Without `color`, saturation is unchanged.
    """
    change = torch.tensor(_ORDERS)[order]
    factor = factors.gather(1, change)
    if not color:
        factor.masked_fill_(change == _SATURATION, 1.0)
    columns = (factor, change == _CONTRAST, change == _SATURATION, factors[:, 3:])
    return torch.cat([column.float() for column in columns], dim=1).T[..., None].contiguous()


def as_blends(columns: tuple[Tensor, ...]) -> Blends:
    """Convert the columns of :func:`blend_columns` to :class:`Blends`."""
    return Blends(columns[0:3], columns[3:6], columns[6:9], columns[9])


def to_gray(planes: Planes, *, scratch: Scratch) -> Float32[Tensor, "batch pixels"]:
    """Luma of three channels (ITU-R 601), or the mean of any other number of channels."""
    gray = scratch("gray", *planes.shape[1:])
    first, *others = planes
    if len(others) == 2:
        torch.mul(first, _LUMA[0], out=gray)
        return gray.add_(others[0], alpha=_LUMA[1]).add_(others[1], alpha=_LUMA[2])
    gray.copy_(first)
    for plane in others:  # sequentially, so that results do not depend on the batch
        gray.add_(plane)
    return gray.div_(len(planes)) if others else gray


def _mean_of_rows(rows: Float32[Tensor, "batch pixels"]) -> Float32[Tensor, "batch 1"]:
    """The mean of each row, bitwise identical for one row and for many.

    PyTorch parallelises the reduction of a single row over threads, hence the second row.
    """
    return rows.expand(max(len(rows), 2), -1).mean(dim=1, keepdim=True)[: len(rows)]


def blend_(planes: Planes, blends: Blends, turn: int, *, scratch: Scratch) -> None:
    """Apply one round of brightness, contrast or saturation per sample, in place.

    All three blend the image with a target, `target + factor · (image - target)`, clipped to [0,
    1].
    """
    target = to_gray(planes, scratch=scratch)
    mean = _mean_of_rows(target).mul_(blends.to_mean[turn])
    target.mul_(blends.to_gray[turn]).add_(mean)
    torch.lerp(target, planes, blends.factors[turn], out=planes)
    planes.clamp_(0, 1)


def adjust_hue_(planes: Planes, shift: Float32[Tensor, "batch 1"], *, scratch: Scratch) -> None:
    r"""Shift the hue of three channels by `shift` (in turns), in place.

    With the largest value :math:`V`, the smallest :math:`m` and :math:`C = V - m`, hue in turns
    around red is :math:`h = \pm(⅓ + (G + B - R - V) / 6C)` with the sign of :math:`G - B`.
    Conversely, :math:`R = V + C - 6C\,q(h)`, :math:`G = m - C + 6C\,q(h + ⅙)`, :math:`B = m - C +
    6C\,q(h - ⅙)` where :math:`q(x) = |x|` clipped to [⅙, ⅓]. This needs neither branches nor an
    intermediate HSV image.
    """
    red, green, blue = planes
    high, low, six, hue = scratch("hue", 4, *red.shape)
    torch.maximum(torch.maximum(red, green, out=high), blue, out=high)
    torch.minimum(torch.minimum(red, green, out=low), blue, out=low)
    torch.sub(high, low, out=six).mul_(6).clamp_(min=_TINY)
    torch.add(green, blue, out=hue).sub_(red).sub_(high).div_(six).add_(1 / 3)
    torch.copysign(hue, green.sub_(blue), out=hue).add_(shift)
    hue.sub_(torch.round(hue, out=red))  # the planes serve as buffers
    high.add_(six, alpha=1 / 6)
    low.sub_(six, alpha=1 / 6)
    torch.abs(hue, out=red).clamp_(1 / 6, 1 / 3)
    torch.add(hue, 1 / 6, out=green).abs_().clamp_(1 / 6, 1 / 3)
    torch.sub(hue, 1 / 6, out=blue).abs_().clamp_(1 / 6, 1 / 3)
    torch.addcmul(high, six, red, value=-1, out=red)
    torch.addcmul(low, six, planes[1:], out=planes[1:])


def jitter_(planes: Planes, blends: Blends, *, hue_turn: int, scratch: Scratch) -> None:
    """Apply brightness, contrast, saturation and hue in each sample's own random order, in place.

    Args:
        planes: Samples with the same position of hue in the order.
        blends: The changes of each sample.
        hue_turn: Number of rounds before hue, 0 to 3; hue only applies to three channels.
        scratch: Buffers.
    """
    for turn in range(4):
        if turn == hue_turn and len(planes) == 3:
            adjust_hue_(planes, blends.hue, scratch=scratch)
        if turn < 3:
            blend_(planes, blends, turn, scratch=scratch)


def make_gray_(planes: Planes, color: Float32[Tensor, "batch 1"], *, scratch: Scratch) -> None:
    """Convert the samples where `color` is 0 (instead of 1) to grayscale, in place."""
    torch.lerp(to_gray(planes, scratch=scratch), planes, color, out=planes)
