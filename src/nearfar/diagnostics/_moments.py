"""Diagnostics that follow from the mean and the second moment of the rows."""

from __future__ import annotations

from typing import Self

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Diagnostic

__all__ = ["Moments"]


class Moments(Diagnostic):
    """Keeps the sum and the dim × dim second moment of a stream, in float64."""

    _sum: Tensor
    _moment: Tensor
    _count: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("_sum", torch.zeros(1, dtype=torch.float64))
        self.add_state("_moment", torch.zeros(1, 1, dtype=torch.float64))
        self.add_state("_count", torch.tensor(0))

    def prepared(self, rows: Tensor) -> Tensor:
        """The rows whose moments are kept; by default as they are."""
        return rows

    def update(self, z: Float[Tensor, "samples dim"]) -> None:
        """Add rows."""
        rows = self.prepared(*self.accept(z=z))
        self._sum = self._sum + rows.sum(dim=0)
        self._moment = self._moment + rows.T @ rows
        self._count = self._count + len(rows)

    def check_rows(self, *, least: int) -> None:
        """Check that there are at least so many rows."""
        count, name = int(self._count), type(self).__name__
        if count == 0:
            raise ValueError(f"`{name}` has no rows yet: call `update` first")
        if count < least:
            raise ValueError(f"`{name}` needs at least {least} rows, got {count}")

    @property
    def count(self) -> int:
        """Number of rows so far."""
        return int(self._count)

    @property
    def mean(self) -> Float[Tensor, " dim"]:
        """The mean of all rows so far."""
        self.check_rows(least=1)
        return self._sum / self._count

    @property
    def covariance(self) -> Float[Tensor, "dim dim"]:
        """The covariance of all rows so far, with denominator n − 1."""
        self.check_rows(least=2)
        count = int(self._count)
        outer: Tensor = self._sum[:, None] * self._sum / count
        return (self._moment - outer) / (count - 1)

    def eigenvalues(
        self, matrix: Float[Tensor, "dim dim"], *, most: int
    ) -> Float[Tensor, " values"]:
        """At most `most` eigenvalues, largest first, none negative."""
        found: Tensor = torch.linalg.eigvalsh(matrix).flip(0).clamp_min(0)
        return found[:most]

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the rows of both."""
        merged = self._joined(other)
        for name in ("_sum", "_moment", "_count"):
            both = getattr(self, name) + getattr(other, name).to(self.device)
            setattr(merged, name, both)
        return merged
