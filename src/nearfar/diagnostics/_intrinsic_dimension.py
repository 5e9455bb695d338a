"""Intrinsic dimension of embeddings, from the distances to their nearest neighbours."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.diagnostics._diagnostic import Better, checked_rows
from nearfar.diagnostics._kept_rows import KeptRows
from nearfar.diagnostics._near_duplicates import near_duplicates
from nearfar.ops import nearest_neighbors

__all__ = ["Dimensions", "IntrinsicDimension", "intrinsic_dimension", "local_dimensions"]

_DISCARDED = 0.1  # share of the highest ratios that the fit leaves out, as published
_QUANTILES = (0.1, 0.5, 0.9)
_CLOSEST, _LEAST_CLOSEST = 0.05, 20  # share and number of samples where neighbours are closest
_ROUNDED = 1e-5  # relative difference of two distances that are equal up to rounding
_SAME = 1e-6  # distance of two unit vectors that are equal up to rounding


class Dimensions(NamedTuple):
    """The result of :func:`intrinsic_dimension`.

    Attributes:
        two_nn: Dimension by the ratio of the distances to the two nearest neighbours.
        local_low: 10 % quantile of the local dimension.
        local_median: Median of the local dimension.
        local_high: 90 % quantile of the local dimension.
        closest: Dimension where neighbours are closest.
    """

    two_nn: Tensor
    local_low: Tensor
    local_median: Tensor
    local_high: Tensor
    closest: Tensor


@torch.no_grad()
def intrinsic_dimension(z: Float[Tensor, "samples dim"], *, neighbors: int = 10) -> Dimensions:
    r"""Number of coordinates that locally describe unit vectors: TwoNN, and quantiles over samples.

    With :math:`r_{i1} \le r_{i2} \le \dots` the distances of a sample to its nearest neighbours,
    :math:`\mu_i = r_{i2} / r_{i1}` follows :math:`F(\mu) = 1 - \mu^{-d}`. TwoNN sorts the ratios,
    leaves out the highest tenth and fits a line through the origin:

    .. math:: d = \frac{\sum_i \ln \mu_{(i)} \, y_i}{\sum_i \ln^2 \mu_{(i)}}, \qquad
              y_i = -\ln\Big(1 - \frac in\Big)

    The local dimension is the maximum-likelihood estimate over :math:`k` neighbours,

    .. math:: d_i = \Big(\frac{1}{k - 1} \sum_{j=1}^{k-1} \ln \frac{r_{ik}}{r_{ij}}\Big)^{-1} .

    A curve that is wound too often for its samples to follow it looks high-dimensional, except
    where samples happen to be close. Therefore the dimension is also estimated from the :math:`m`
    samples, a twentieth of all but at least 20, with the smallest :math:`r_{i2}`, given which
    :math:`\mu_i^{-d}` is uniform:

    .. math:: d_\text{closest} = \Big(\frac1m \sum_i \ln \mu_i\Big)^{-1} .

    Args:
        z: One view of each sample; rows need not be normalised.
        neighbors: :math:`k` of the local dimension, 3 or more, below the number of samples.

    Returns:
        Five named numbers. All are 0 if there are at most `neighbors` different rows.

    Raises:
        ValueError: Too few rows, NaN or infinity.

    Range:
        0 to about the dimension less one, as unit vectors have one coordinate less. Far above 10 it
        is underestimated: 2,000 isotropic rows in 128 dimensions have about 60.

    Reading:
        Neither direction is better. A value near 1 or 2 in many dimensions means that few numbers
        determine an embedding. Equal rows, which would read as dimension 0, are left out.

    Cost:
        Time samples²·dim, as of :func:`nearfar.ops.nearest_neighbors`.

    Reference:
        Facco et al. 2017, "Estimating the intrinsic dimension of datasets by a minimal neighborhood
        information" (arXiv 1803.06992); Levina and Bickel 2004, "Maximum likelihood estimation of
        intrinsic dimension", equation 8.

    Example:
        >>> angle = 6.28 * torch.rand(500, 1, generator=torch.Generator().manual_seed(0))
        >>> circle = torch.cat([angle.cos(), angle.sin(), torch.zeros(500, 6)], dim=1)
        >>> print(f"{intrinsic_dimension(circle).two_nn:.1f}")
        0.9
    """
    check_integer(at_least=3, neighbors=neighbors)
    rows = checked_rows(z, min_rows=neighbors + 1)
    rows = rows[_first_equal_row(rows) == torch.arange(len(rows), device=rows.device)]
    if len(rows) <= neighbors:
        zero = torch.zeros((), dtype=torch.float64)
        return Dimensions(zero, zero, zero, zero, zero)
    distances = _neighbor_distances(rows, neighbors)
    levels = torch.tensor(_QUANTILES, dtype=torch.float64, device=distances.device)
    low, median, high = _local(distances).quantile(levels)
    return Dimensions(_two_nn(distances), low, median, high, _closest(distances))


@torch.no_grad()
def local_dimensions(
    z: Float[Tensor, "samples dim"], *, neighbors: int = 10
) -> Float[Tensor, " samples"]:
    """The local dimension at each sample, as in :func:`intrinsic_dimension`.

    Args:
        z: One view of each sample; rows need not be normalised.
        neighbors: Neighbours per estimate, 3 or more, below the number of samples.

    Returns:
        One number per sample; equal rows have the same. NaN for rows of zeros, which have no
        direction, and for all if there are at most `neighbors` different rows.

    Reading:
        The error of an estimate from 10 neighbours is about a third of its value, so look at the
        distribution. Two humps mean that parts of the data differ in structure.

    Example:
        >>> angle = 6.28 * torch.rand(500, 1, generator=torch.Generator().manual_seed(0))
        >>> circle = torch.cat([angle.cos(), angle.sin(), torch.zeros(500, 6)], dim=1)
        >>> print(f"{local_dimensions(circle).median():.1f}")
        1.0
    """
    check_integer(at_least=3, neighbors=neighbors)
    rows = checked_rows(z, min_rows=neighbors + 1)
    first = _first_equal_row(rows)
    different = first == torch.arange(len(rows), device=rows.device)
    found = torch.full((len(rows),), torch.nan, dtype=torch.float64, device=rows.device)
    if int(different.sum()) > neighbors:
        found[different] = _local(_neighbor_distances(rows[different], neighbors))
        found = torch.where(first >= 0, found[first.clamp_min(0)], found)
    return found


def _first_equal_row(rows: Tensor) -> Tensor:
    """For each row the first one of the same direction, which may be itself; −1 without one."""
    first = torch.arange(len(rows), device=rows.device)
    for group in near_duplicates(rows, threshold=1 - _SAME**2 / 2).groups:
        first[list(group.rows)] = group.rows[0]
    return torch.where(rows.any(dim=1), first, -torch.ones_like(first))


def _neighbor_distances(rows: Tensor, neighbors: int) -> Tensor:
    similar = nearest_neighbors(rows, k=neighbors).similarities
    return (2 - 2 * similar).clamp_min(_SAME**2).sqrt()


def _two_nn(distances: Tensor) -> Tensor:
    ratios = (distances[:, 1] / distances[:, 0]).sort().values.log()
    count = len(ratios)
    used = max(2, int(count * (1 - _DISCARDED)))
    order = torch.arange(1, used + 1, dtype=torch.float64, device=ratios.device)
    expected = -torch.log1p(-order / count)
    squares = ratios[:used].square().sum()
    dimension: Tensor = (ratios[:used] * expected).sum() / squares.clamp_min(1e-300)
    return dimension


def _closest(distances: Tensor) -> Tensor:
    count = min(len(distances), max(_LEAST_CLOSEST, int(len(distances) * _CLOSEST)))
    second = distances[:, 1]
    # neighbours of each other have the same distance, and all of them count
    near = distances[second <= second.kthvalue(count).values * (1 + _ROUNDED)]
    dimension: Tensor = 1 / (near[:, 1] / near[:, 0]).log().mean().clamp_min(1e-12)
    return dimension


def _local(distances: Tensor) -> Tensor:
    logs = (distances[:, -1:] / distances[:, :-1]).log().mean(dim=1)
    return 1 / logs.clamp_min(1e-12)


@final
class IntrinsicDimension(KeptRows):
    """:func:`intrinsic_dimension` over a stream; keeps at most `capacity` samples.

    Cost:
        ``capacity · dim`` numbers in float32: distances to neighbours need all rows.
    """

    better: ClassVar[Better | None] = None
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {"complete collapse": lambda dim: 0.0}

    def __init__(self, *, neighbors: int = 10, capacity: int = 2_048) -> None:
        check_integer(at_least=3, neighbors=neighbors)
        super().__init__(capacity=capacity)
        self.neighbors = neighbors

    def measure(self, z: Tensor) -> tuple[Tensor, ...]:
        """:func:`intrinsic_dimension` of the rows kept."""
        return intrinsic_dimension(z, neighbors=self.neighbors)
