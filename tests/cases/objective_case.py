"""Inputs that many cases of objectives share."""

from __future__ import annotations

import math

import torch
from torch import Tensor

Tensors = tuple[Tensor, ...]


def rows(*counts: int, dim: int = 5) -> Tensors:
    source = torch.Generator().manual_seed(0)
    return tuple(torch.randn(n, dim, generator=source, dtype=torch.float64) for n in counts)


def constant(*counts: int) -> Tensors:
    """Every sample at one point."""
    return tuple(torch.tensor([[0.6, 0.8]], dtype=torch.float64).repeat(n, 1) for n in counts)


def normal(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def alike(*shape: int) -> Tensor:
    """One vector at every place."""
    return constant(1)[0].expand(*shape, 2).contiguous()


AXES = torch.eye(8, dtype=torch.float64)
CROSS = torch.cat([AXES[:2], -AXES[:2]])  # four points, as uniform on the circle as can be
OPPOSITE = torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)
SPREAD = torch.tensor([[1, 1], [1, -1], [-1, 1], [-1, -1]], dtype=torch.float64)
SPHERE = frozenset({"lengths", "rotation"})
TEMPERATURES = (
    ({"temperature": 0.0}, "`temperature` must be a finite number above 0, got 0.0"),
    ({"temperature": -0.1}, "`temperature` must be a finite number above 0, got -0.1"),
    ({"temperature": math.inf}, "`temperature` must be a finite number above 0, got inf"),
    ({"temperature": torch.ones(2)}, "`temperature` must be a number .* of shape (2,)"),
)
