"""Standard deviation of each coordinate of unit vectors."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import ClassVar, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Better, Diagnostic
from nearfar.ops import to_sphere

__all__ = ["FeatureStd", "feature_std"]


@torch.no_grad()
def feature_std(z: Float[Tensor, "samples dim"]) -> Float[Tensor, ""]:
    r"""Standard deviation of each coordinate of the unit vectors, averaged over coordinates.

    .. math:: \frac1d \sum_k \sqrt{\tfrac1n \sum_i (u_{ik} - \bar u_k)^2}, \qquad
              u_i = z_i / \lVert z_i \rVert

    Args:
        z: One view of each sample, 2 rows or more; rows need not be normalised.

    Range:
        0 (complete collapse) to :math:`1/\sqrt d`, attained if all coordinates have equal variance.

    Reading:
        Higher is better, relative to :math:`1/\sqrt d`. It falls to 0 within an epoch when a
        method without negatives collapses. It does not detect lost directions that are not aligned
        with the axes: see :func:`effective_rank`.

    Reference:
        Chen & He 2021, figure 2 (arXiv 2011.10566).

    Example:
        >>> corners = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
        >>> print(f"{feature_std(corners):.4f}")
        0.7071
    """
    measured = FeatureStd()
    measured.update(z)
    return measured.compute()


@final
class FeatureStd(Diagnostic):
    """:func:`feature_std` over a stream; keeps a mean and a sum of squares per coordinate."""

    better: ClassVar[Better] = Better.HIGHER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 0.0,
        "isotropic": lambda dim: 1 / math.sqrt(dim),
    }

    _count: Tensor
    _mean: Tensor
    _squares: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.add_state("_count", torch.tensor(0))
        self.add_state("_mean", torch.zeros(1, dtype=torch.float64))
        self.add_state("_squares", torch.zeros(1, dtype=torch.float64))

    def update(self, z: Float[Tensor, "samples dim"]) -> None:
        """Add rows."""
        rows = to_sphere(*self.accept(z=z))
        mean = rows.mean(dim=0)
        self._add(len(rows), mean, (rows - mean).square().sum(dim=0))

    def compute(self) -> Float[Tensor, ""]:
        """The mean standard deviation over all rows so far."""
        if self._count < 2:
            raise ValueError(f"`FeatureStd` needs at least 2 rows, got {int(self._count)}")
        return (self._squares / self._count).sqrt().mean()

    def merge(self, other: Self) -> Self:
        """A new diagnostic over the rows of both."""
        merged = self._joined(other)
        for part in (self, other):
            moments = part._mean.to(self.device), part._squares.to(self.device)
            merged._add(int(part._count), *moments)
        return merged

    def _add(self, count: int, mean: Tensor, squares: Tensor) -> None:
        """Combine with the moments of other rows; squares are centred on each part's mean."""
        before = int(self._count)
        if before + count == 0:
            return
        difference, weight = mean - self._mean, count / (before + count)
        self._squares = self._squares + squares + difference.square() * (before * weight)
        self._mean = self._mean + difference * weight
        self._count = self._count + count
