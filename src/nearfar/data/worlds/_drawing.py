"""Rasterise flat shapes as pixel coverage."""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from jaxtyping import Float64, UInt8
from torch import Tensor

__all__ = ["SHAPES", "coverage", "hues"]

Outline = Callable[[Tensor, Tensor], Tensor]


def _rectangle(x: Tensor, y: Tensor, width: float, height: float) -> Tensor:
    return torch.maximum(x.abs() - width, y.abs() - height)


def _cross(x: Tensor, y: Tensor) -> Tensor:
    arms = (_rectangle(x, y, 1.0, 0.3), _rectangle(x, y, 0.3, 1.0))
    return torch.minimum(*arms)


def _diagonal_cross(x: Tensor, y: Tensor) -> Tensor:
    return _cross((x + y) * math.sqrt(0.5), (x - y) * math.sqrt(0.5))


def _triangle(x: Tensor, y: Tensor) -> Tensor:
    sides = (x.abs() * 2 - y - 1) / math.sqrt(5)
    return torch.maximum(sides, y - 1)


# Signed distances to the outline in units of the radius, negative inside; y points down. All are
# symmetric in x, so that a horizontally flipped view shows the same shape.
SHAPES: dict[str, Outline] = {
    "disc": lambda x, y: (x * x + y * y).sqrt() - 1,
    "square": lambda x, y: _rectangle(x, y, 0.86, 0.86),
    "triangle": _triangle,
    "ring": lambda x, y: ((x * x + y * y).sqrt() - 0.75).abs() - 0.25,
    "cross": _cross,
    "diamond": lambda x, y: (x.abs() + y.abs() - 1) * math.sqrt(0.5),
    "frame": lambda x, y: (_rectangle(x, y, 0.65, 0.65)).abs() - 0.21,
    "diagonal cross": _diagonal_cross,
}


def coverage(
    outline: Outline,
    *,
    side: int,
    centers: Float64[Tensor, "places 2"],
    radius: float,
) -> UInt8[Tensor, "places side side"]:
    """Coverage of each pixel by a shape, from 0 to 255.

    Args:
        outline: One of :data:`SHAPES`.
        side: Side length of the image in pixels.
        centers: Column and row of the shape's centre, as fractions of the side.
        radius: Half of the shape's width, as a fraction of the side.

    Example:
        >>> middle = torch.tensor([[0.5, 0.5]], dtype=torch.float64)
        >>> coverage(SHAPES["disc"], side=5, centers=middle, radius=0.4)
        tensor([[[  0,  67, 128,  67,   0],
                 [ 67, 255, 255, 255,  67],
                 [128, 255, 255, 255, 128],
                 [ 67, 255, 255, 255,  67],
                 [  0,  67, 128,  67,   0]]], dtype=torch.uint8)
    """
    pixels = (torch.arange(side, dtype=torch.float64) + 0.5) / side
    x = (pixels[None, None, :] - centers[:, 0, None, None]) / radius
    y = (pixels[None, :, None] - centers[:, 1, None, None]) / radius
    grid = (len(centers), side, side)
    distance = outline(x.expand(grid), y.expand(grid)) * radius * side  # in pixels
    return ((0.5 - distance).clamp(0, 1) * 255).round().to(torch.uint8)


def hues(count: int, *, low: int, high: int) -> UInt8[Tensor, "count 3"]:
    """Colours with evenly spaced hues and channels between `low` and `high`.

    Example:
        >>> hues(3, low=40, high=240).tolist()
        [[240, 40, 40], [40, 240, 40], [40, 40, 240]]
    """
    turn = torch.arange(count, dtype=torch.float64)[:, None] * 6 / count
    peaks = torch.tensor([0.0, 2.0, 4.0], dtype=torch.float64)
    apart = ((turn - peaks + 3) % 6 - 3).abs()
    return (low + (high - low) * (2 - apart).clamp(0, 1)).round().to(torch.uint8)
