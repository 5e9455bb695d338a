"""Diagnostics that compare every row with all others, on a random sample of the rows."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar, Self

from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Diagnostic
from nearfar.diagnostics._reservoir import Reservoir

__all__ = ["KeptRows"]


class KeptRows(Diagnostic):
    """Keeps at most `capacity` rows of a stream.

    Args:
        capacity: Number of rows kept.

    Attributes:
        least: Fewest rows of a measurement.
    """

    least: ClassVar[int] = 2

    def __init__(self, *, capacity: int) -> None:
        super().__init__()
        self._reservoir = Reservoir(capacity)

    @abstractmethod
    def measure(self, z: Tensor) -> tuple[Tensor, ...]:
        """The measurement on the rows kept."""

    def update(self, z: Float[Tensor, "samples dim"]) -> None:
        """Add rows."""
        self._reservoir.update(*self.accept(z=z))

    def compute(self) -> tuple[Tensor, ...]:
        """The measurement on the rows kept."""
        kept = self._reservoir.rows
        seen = int(self._reservoir.seen)
        if seen < self.least:
            raise ValueError(
                f"`{type(self).__name__}` needs at least {self.least} rows, got {seen}"
            )
        return self.measure(kept)

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the rows of both."""
        merged = self._joined(other)
        merged._reservoir = self._reservoir.merge(other._reservoir)
        return merged
