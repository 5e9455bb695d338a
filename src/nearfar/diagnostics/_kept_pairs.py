"""Diagnostics that compare every pair with all others, on a random sample of the pairs."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Diagnostic
from nearfar.diagnostics._reservoir import Reservoir
from nearfar.ops import to_sphere

__all__ = ["KeptPairs"]


class KeptPairs(Diagnostic):
    """Keeps at most `capacity` pairs of a stream, on the sphere.

    Args:
        capacity: Number of pairs kept.
    """

    def __init__(self, *, capacity: int) -> None:
        super().__init__()
        self._pairs = Reservoir(capacity)

    @abstractmethod
    def measure(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, ...]:
        """The measurement on the pairs kept."""

    def update(self, z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]) -> None:
        """Add both views of more samples."""
        pairs = self.accept(z1=z1, z2=z2)
        self._pairs.update(torch.cat([to_sphere(z) for z in pairs], dim=1))

    def compute(self) -> tuple[Tensor, ...]:
        """The measurement on the pairs kept."""
        kept = self._pairs.rows
        if len(kept) < 2:
            name = type(self).__name__
            raise ValueError(f"`{name}` needs at least 2 rows, got {len(kept)}")
        return self.measure(*kept.chunk(2, dim=1))

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the pairs of both."""
        merged = self._joined(other)
        merged._pairs = self._pairs.merge(other._pairs)
        return merged
