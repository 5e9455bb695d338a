"""Points, distances and spectrum of unit vectors, small enough to plot."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import checked_pair, checked_rows
from nearfar.diagnostics._measure import spread_rows
from nearfar.diagnostics._neighbor_map import neighbor_map
from nearfar.diagnostics._sample_readings import sample_readings
from nearfar.ops import to_sphere
from nearfar.records import GeometryRecord

__all__ = ["geometry"]

_POINTS = 2_000
_DIGITS = 5


@torch.no_grad()
def geometry(
    z1: Float[Tensor, "samples dim"],
    z2: Float[Tensor, "samples dim"] | None = None,
    *,
    ids: Sequence[str],
    representations: Float[Tensor, "samples width"] | None = None,
) -> GeometryRecord:
    """Data for a report's figures of the embeddings: points, pairwise distances, spectrum.

    Points are the unit vectors' coordinates along the uncentred principal directions, so that they
    lie in the unit ball and a common direction shows as an offset; in two dimensions they are
    exact. Deterministic; axes are signed by their third moment.

    Args:
        z1: One view of each sample, 2 rows or more; rows need not be normalised.
        z2: The second view of the same samples; without it there are no positive distances.
        ids: Name of each row, in the order of `z1`.
        representations: The encoder's representations of the samples, for their spectrum.

    Returns:
        At most 2,000 points and distances, evenly spaced over the rows, and the eigenvalues of the
        covariance of all unit vectors; numbers are rounded to five digits. Measurements of single
        samples, and the map, are among these points.

    Raises:
        ValueError: Fewer than 2 rows, shapes or lengths that differ, NaN or infinity.

    Range:
        Points in the unit ball, distances in [0, 2], eigenvalues of 0 or more that sum to at most
        1.

    Reading:
        Healthy: positive distances are well below random ones, points cover the ball, and
        eigenvalues decay slowly. A cap indicates collapse, a disc or a line dimensional collapse.

    Example:
        >>> z = torch.tensor([[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]])
        >>> record = geometry(z, ids=("east", "north", "west"))
        >>> record.points
        ((1.0, 0.0), (0.0, 1.0), (-1.0, 0.0))
        >>> record.random_distances
        (1.4142, 2.0, 1.4142)
    """
    units = to_sphere(checked_rows(z1, min_rows=2)).cpu()
    samples, dim = units.shape
    if len(ids) != samples:
        raise ValueError(f"`ids` must have one name per row, {samples}, got {len(ids)}")
    chosen = spread_rows(torch.arange(samples).unsqueeze(1), most=_POINTS).flatten()
    points, explained = _project(units, chosen)
    some = chosen.to(z1.device)
    second = None if z2 is None else checked_pair(z1, z2)[1]
    positive: Tensor = units.new_empty(0)
    if second is not None:
        positive = (units[chosen] - to_sphere(second[some]).cpu()).norm(dim=1)
    readings = sample_readings(z1[some], None if z2 is None else z2[some])
    placed = neighbor_map(z1[some], start=points[:, :2]) if dim > 2 else None
    inner = None if representations is None else to_sphere(checked_rows(representations)).cpu()
    return GeometryRecord(
        dim=dim,
        points=tuple(_rounded(point) for point in points),
        explained=_rounded(explained),
        ids=tuple(str(ids[row]) for row in chosen.tolist()),
        positive_distances=_rounded(positive),
        random_distances=_rounded(_random(units, chosen)),
        eigenvalues=_rounded(_spectrum_of(units)),
        samples=samples,
        layout=() if placed is None else tuple(_rounded(point, 3) for point in placed),
        readings={name: _rounded(values, 3) for name, values in readings.items()},
        representation_dim=0 if inner is None else inner.shape[1],
        representation_eigenvalues=() if inner is None else _rounded(_spectrum_of(inner)),
    )


def _project(units: Tensor, chosen: Tensor) -> tuple[Tensor, Tensor]:
    """Coordinates of the chosen rows, and the fraction of variance along each axis."""
    total = (units - units.mean(dim=0)).square().sum().clamp_min(torch.finfo(units.dtype).tiny)
    if units.shape[1] > 2:
        axes = _axes(units)
        signs = (units @ axes).pow(3).sum(dim=0).sign()
        axes = axes * torch.where(signs == 0, torch.ones_like(signs), signs)
        units = units @ axes
    variances = (units - units.mean(dim=0)).square().sum(dim=0)
    return units[chosen], variances / total


def _axes(units: Tensor) -> Tensor:
    """The first three principal directions, from the smaller of the two matrices of products."""
    samples, dim = units.shape
    if dim <= samples:
        widest: Tensor = torch.linalg.eigh(units.T @ units)[1].flip(1)[:, :3]
        return widest
    values, vectors = torch.linalg.eigh(units @ units.T)
    values, vectors = values.flip(0)[:3], vectors.flip(1)[:, :3]
    axes = F.normalize(units.T @ vectors, dim=0)
    # of a smaller rank: what rounding left along further axes is no direction
    axes = axes * (values > samples * torch.finfo(units.dtype).eps * values[0])
    return F.pad(axes, (0, 3 - axes.shape[1]))


def _random(units: Tensor, chosen: Tensor) -> Tensor:
    """Distances between different samples: all pairs if few, otherwise one random pair per row."""
    count = chosen.shape[0]
    if count * (count - 1) // 2 <= _POINTS:
        every: Tensor = F.pdist(units[chosen])
        return every
    order = chosen[torch.randperm(count, generator=torch.Generator().manual_seed(0))]
    round_trip: Tensor = (units[order] - units[order.roll(1)]).norm(dim=1)
    return round_trip


def _spectrum_of(units: Tensor) -> Tensor:
    """Eigenvalues of the covariance, largest first, from the smaller of the two matrices."""
    samples, dim = units.shape
    centered = units - units.mean(dim=0)
    small = centered.T @ centered if dim <= samples else centered @ centered.T
    eigenvalues: Tensor = (torch.linalg.eigvalsh(small) / samples).flip(0).clamp_min(0)
    return eigenvalues


def _rounded(values: Tensor, digits: int = _DIGITS) -> tuple[float, ...]:
    return tuple(float(f"{value:.{digits}g}") + 0.0 for value in values.tolist())
