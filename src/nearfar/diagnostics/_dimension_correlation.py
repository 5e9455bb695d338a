"""Correlation between the dimensions of embeddings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import Better, checked_rows
from nearfar.diagnostics._moments import Moments
from nearfar.ops import to_sphere

__all__ = ["Correlations", "DimensionCorrelation", "dimension_correlation"]

_CONSTANT = 1e-12  # variance relative to the largest, or of all: a dimension that does not vary


class Correlations(NamedTuple):
    """The result of :func:`dimension_correlation`.

    Attributes:
        correlation: Root mean square of the correlations of different dimensions.
        covariance: Mean absolute covariance of different dimensions of unit vectors.
        constant: Number of dimensions that do not vary; they are left out of the correlation.
    """

    correlation: Tensor
    covariance: Tensor
    constant: int


@torch.no_grad()
def dimension_correlation(z: Float[Tensor, "samples dim"]) -> Correlations:
    r"""How redundant the dimensions are: root mean square correlation, and mean covariance.

    .. math:: \Big(\frac{1}{d(d - 1)} \sum_{i \ne j} \rho_{ij}^2\Big)^{1/2}, \qquad
              \frac{1}{d(d - 1)} \sum_{i \ne j} |\mathrm{Cov}_{ij}|

    Both of unit vectors, with Pearson's correlation :math:`\rho` and the covariance with
    denominator n − 1.

    Args:
        z: One view of each sample, 2 rows or more, 2 columns or more; rows need not be normalised.

    Range:
        Correlation 0 to 1; about :math:`1 / \sqrt{n - 1}` for independent dimensions. Covariance 0
        to about 1 / dim.

    Reading:
        Lower is better, at equal numbers of samples, unless the embeddings collapse to one point,
        where the covariance vanishes as well.

    Reference:
        Zhang et al. 2022, "How Does SimSiam Avoid Collapse Without Negative Samples?", figure 6,
        where the covariance falls during training.

    Example:
        >>> line = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [2.0, 2.0]])
        >>> print(f"{dimension_correlation(line).correlation:.2f}")
        1.00
    """
    rows = to_sphere(checked_rows(z, min_rows=2))
    dim = rows.shape[1]
    if dim < 2:
        raise ValueError(f"`z` must have at least 2 columns, got shape {tuple(z.shape)}")
    centered = rows - rows.mean(dim=0)
    return _read(centered.T @ centered / (len(rows) - 1))


def _read(covariance: Tensor) -> Correlations:
    dim, variances = len(covariance), covariance.diagonal()
    varied = variances > _CONSTANT * variances.max().clamp_min(_CONSTANT)
    pairs = int(varied.sum()) * (int(varied.sum()) - 1)
    scale = variances[varied].sqrt()
    squares = (covariance[varied][:, varied] / scale / scale[:, None]).square()
    total = (squares.sum() - squares.diagonal().sum()).clamp_min(0)
    off = covariance.abs().sum() - variances.abs().sum()
    return Correlations(
        (total / max(pairs, 1)).sqrt(), off / (dim * (dim - 1)), dim - int(varied.sum())
    )


@final
class DimensionCorrelation(Moments):
    """:func:`dimension_correlation` over a stream; keeps the dim × dim second moment."""

    better: ClassVar[Better | None] = Better.LOWER
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {
        "complete collapse": lambda dim: 0.0,
        "isotropic": lambda dim: 0.0,
    }

    def prepared(self, rows: Tensor) -> Tensor:
        """Unit rows."""
        return to_sphere(rows)

    def compute(self) -> tuple[Tensor, ...]:
        """Correlation, covariance and number of constant dimensions, as tensors."""
        found = _read(self.covariance)
        return (found.correlation, found.covariance, torch.tensor(found.constant))
