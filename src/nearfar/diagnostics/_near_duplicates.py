"""Near duplicates: groups of samples that are far closer than neighbours usually are."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix
from nearfar.ops import nearest_neighbors, to_sphere, widen

__all__ = ["DuplicateGroup", "NearDuplicates", "near_duplicates"]

_NEIGHBORS = 10
_SHARE, _CHANCE = 0.25, 0.01  # of the expected nearest distance; of the rows
_USUAL = 0.98  # threshold for few rows
_EQUAL = 1e-5  # relative difference of two embeddings of the same input in other batches
_ROUNDING = 1e-13  # of inner products in float64
_TILE = 1 << 22


class DuplicateGroup(NamedTuple):
    """Rows that are connected by similarities of at least the threshold.

    Attributes:
        rows: The rows, in ascending order.
        first: For each of them the first row with the same values, which may be itself.
        lowest: Lowest cosine similarity of two of them. It may be below the threshold, as members
            can be connected through others.
    """

    rows: tuple[int, ...]
    first: tuple[int, ...]
    lowest: float

    @property
    def copies(self) -> bool:
        """Whether all rows have the same values."""
        return len(set(self.first)) == 1


class NearDuplicates(NamedTuple):
    """The result of :func:`near_duplicates`.

    Attributes:
        groups: Groups of two rows or more: those of equal rows first, then by similarity.
        threshold: Lowest similarity of near duplicates.
        zeros: Number of rows of zeros. They have no direction, and are in no group.
    """

    groups: tuple[DuplicateGroup, ...]
    threshold: float
    zeros: int


@torch.no_grad()
def near_duplicates(
    z: Float[Tensor, "samples dim"], *, threshold: float | None = None
) -> NearDuplicates:
    r"""Groups of near duplicates: the connected components of pairs above a similarity.

    Two rows are near duplicates if their cosine similarity is at least the threshold. By default it
    follows from the data, as similarities depend on the encoder. The distance
    :math:`1 - \cos` within which a row has :math:`\kappa` others grows as a power of
    :math:`\kappa`, which the medians over the rows of the 5th and the 10th smallest determine:

    .. math:: d(\kappa) = d_{10} \, (\kappa / 10)^{\log_2 (d_{10} / d_5)}, \qquad
              \text{threshold} = 1 - \min\big(\tfrac14 d(1), \, d(0.01)\big)

    So near duplicates are at most half as far apart (in Euclidean distance of unit vectors) as
    nearest neighbours are expected to be, and so close that by chance about 1 % of the rows at most
    would have such a neighbour. Every pair is compared, but the matrix of pairs is never held.

    Args:
        z: One row per sample; rows need not be normalised.
        threshold: Cosine similarity above −1, at most 1. Fewer than 11 rows have a default of 0.98.

    Returns:
        Groups of rows, the threshold, and the number of rows of zeros.

    Raises:
        ValueError: Fewer than 2 rows, NaN or infinity, or a threshold outside the range.

    Range:
        0 to half as many groups as rows.

    Reading:
        Rows of a group with equal values come from equal inputs, or the encoder has collapsed. With
        the default threshold a group may still hold different samples of a dense cluster: look at
        them. One large group means that the threshold is too low.

    Cost:
        Time n²·dim; memory as of :func:`nearfar.ops.nearest_neighbors`.

    Example:
        >>> z = torch.eye(30)
        >>> near, far = z[:1] + 0.01 * z[1:2], z[3:4] + z[4:5]
        >>> found = near_duplicates(torch.cat([z, near, z[2:3], far]))
        >>> [(group.rows, group.copies, round(group.lowest, 4)) for group in found.groups]
        [((2, 31), True, 1.0), ((0, 30), False, 1.0)]
    """
    check_matrix(min_rows=2, z=z)
    check_finite_rows(z=z)
    if threshold is not None and not -1 < threshold <= 1:
        raise ValueError(f"`threshold` must be above −1 and at most 1, got {threshold!r}")
    known = (z != 0).any(dim=1).nonzero().flatten()
    zeros = len(z) - len(known)
    if len(known) < 2:
        return NearDuplicates((), 1.0 if threshold is None else threshold, zeros)
    rows = widen(z[known])
    near = nearest_neighbors(rows, k=min(_NEIGHBORS, len(rows) - 1))
    if threshold is None:
        threshold = _threshold(near.similarities)
    limit = threshold - _ROUNDING
    some = (near.similarities[:, 0] >= limit).nonzero().flatten()  # in a pair above the threshold
    parents = _components(to_sphere(rows[some].double()), limit)
    equal = _first_equal(rows, near.rows)[some]
    found = []
    for members in _groups(parents):
        at = known[some[members]]
        lowest = _lowest(to_sphere(z[at].double()))
        found.append(DuplicateGroup((*at.tolist(),), (*known[equal[members]].tolist(),), lowest))
    found.sort(key=lambda group: (not group.copies, -group.lowest, group.rows))
    return NearDuplicates(tuple(found), threshold, zeros)


def _threshold(similarities: Tensor) -> float:
    """The threshold that follows from the similarities to the 10 nearest neighbours."""
    if similarities.shape[1] < _NEIGHBORS:
        return _USUAL
    distances = (1 - similarities).clamp_min(0).quantile(0.5, dim=0).tolist()
    fifth, tenth = distances[_NEIGHBORS // 2 - 1], distances[-1]
    if fifth <= 0:  # most rows have five equal ones
        return 1.0
    power = math.log2(tenth / fifth)
    expected, by_chance = (tenth * (others / _NEIGHBORS) ** power for others in (1, _CHANCE))
    return float(1 - min(_SHARE * expected, by_chance))


def _components(units: Tensor, limit: float) -> Tensor:
    """The first row of the component of each row, by pairs with at least this inner product."""
    parents = torch.arange(len(units), device=units.device)
    height = max(1, _TILE // max(1, len(units)))
    for start in range(0, len(units), height):
        block = slice(start, start + height)
        left, right = (units[block] @ units.T >= limit).nonzero(as_tuple=True)
        parents = _joined(parents, left + start, right)
    return parents


def _joined(parents: Tensor, left: Tensor, right: Tensor) -> Tensor:
    """Components after adding edges; each row has the first row of its component."""
    while True:
        ends = torch.stack([parents[left], parents[right]])
        ends = ends[:, ends[0] != ends[1]]
        if not ends.shape[1]:
            return parents
        parents = parents.scatter_reduce(0, ends.amax(dim=0), ends.amin(dim=0), "amin")
        while not torch.equal(jumped := parents[parents], parents):
            parents = jumped


def _groups(parents: Tensor) -> list[Tensor]:
    """The components of two rows or more, each in ascending order."""
    order = parents.argsort(stable=True)
    sizes = parents.bincount()
    groups = torch.split(order, sizes[sizes > 0].tolist())
    return [group for group in groups if len(group) > 1]


def _first_equal(rows: Tensor, near: Tensor) -> Tensor:
    """For each row the first with the same values; those that are equal are nearest neighbours."""
    left, right = [], []
    for column in near.T:
        apart = (rows - rows[column]).norm(dim=1)
        (same,) = torch.nonzero(apart <= _EQUAL * rows.norm(dim=1), as_tuple=True)
        left.append(same)
        right.append(column[same])
    start = torch.arange(len(rows), device=rows.device)
    return _joined(start, torch.cat(left), torch.cat(right))


def _lowest(units: Tensor) -> float:
    """The lowest inner product of two rows."""
    height = max(1, _TILE // len(units))
    parts = [units[i : i + height] @ units.T for i in range(0, len(units), height)]
    return min(1.0, *(float(part.min()) for part in parts))
