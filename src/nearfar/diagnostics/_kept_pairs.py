"""Diagnostics in which every pair is held against all others: a sample of the pairs is kept."""

from __future__ import annotations

from abc import abstractmethod
from typing import Self

import torch
from torch import Tensor

from nearfar.diagnostics._diagnostic import Diagnostic
from nearfar.diagnostics._reservoir import Reservoir
from nearfar.diagnostics._rows import checked_pair
from nearfar.ops import to_sphere

__all__ = ["KeptPairs"]


class KeptPairs(Diagnostic):
    """Keeps at most `capacity` pairs of a stream, on the sphere.

    Args:
        capacity: Pairs kept.
    """

    def __init__(self, *, capacity: int) -> None:
        self._pairs = Reservoir(capacity)

    @abstractmethod
    def measure(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, ...]:
        """The reading of the pairs kept."""

    def update(self, *embeddings: Tensor) -> None:
        """Take in both views of some more samples."""
        z1, z2 = embeddings
        self._pairs.update(torch.cat([to_sphere(z) for z in checked_pair(z1, z2)], dim=1))

    def compute(self) -> tuple[Tensor, ...]:
        """The reading over the pairs kept."""
        kept = self._pairs.rows
        if len(kept) < 2:
            name = type(self).__name__
            raise ValueError(f"`{name}` needs at least 2 rows, has seen {len(kept)}")
        return self.measure(*kept.chunk(2, dim=1))

    def merge(self, other: Self) -> Self:
        """A new diagnostic that has seen the pairs of both."""
        merged = type(self)(capacity=self._pairs.capacity)
        merged._pairs = self._pairs.merge(other._pairs)
        return merged

    def reset(self) -> None:
        """Forget all pairs."""
        self._pairs.reset()
