"""Repeated: how many different points the samples are mapped to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import ClassVar, NamedTuple, final

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nearfar.diagnostics._diagnostic import Better, checked_pair, checked_rows
from nearfar.diagnostics._kept_pairs import KeptPairs
from nearfar.ops import to_sphere

__all__ = [
    "Repeated",
    "Repetition",
    "SamplesPerPoint",
    "repetition",
    "samples_per_point",
    "shared_points",
]

_QUERIES, _KEYS = 512, 32_768
_ALL = 2_048  # samples that are all compared with each other where they are named
_JUMP = 10.0  # from the farthest of a group to the nearest outside
_SMALL, _SMALL_JUMP = 5, 30.0  # in few intrinsic dimensions, nearest distances jump by chance
_EQUAL = 1e-6  # distance of unit vectors that are equal up to rounding


class SamplesPerPoint(NamedTuple):
    """The result of :func:`samples_per_point`.

    Attributes:
        rows: The samples that were examined.
        sizes: Number of samples on the point of each of them, itself included.
    """

    rows: Int64[Tensor, " examined"]
    sizes: Int64[Tensor, " examined"]


class Repeated(NamedTuple):
    """The result of :func:`repetition`.

    Attributes:
        distinct: Number of different points divided by the number of samples.
        repeated: Share of samples that share their point with another sample.
        confused: For samples that share a point, share of the others on that point whose second
            view is nearer than the own one; NaN of one view.
    """

    distinct: Tensor
    repeated: Tensor
    confused: Tensor


@torch.no_grad()
def samples_per_point(z: Float[Tensor, "samples dim"]) -> SamplesPerPoint:
    r"""How many samples are mapped onto the same point, from jumps in the distances to all others.

    With :math:`r_1 \le r_2 \le \dots` the distances of a sample to the others as unit vectors, the
    sample shares its point with the :math:`k` nearest if :math:`r_{k+1} \ge 10 \, r_k` (30 for
    :math:`k < 5`, where jumps happen by chance). The largest jump counts, and equal rows are at a
    distance of 10⁻⁶.

    Args:
        z: One view of each sample, 2 rows or more; rows need not be normalised.

    Cost:
        512 evenly spaced samples are compared with all others (at most 32,768, evenly spaced).

    Example:
        >>> points = torch.randn(20, 16, generator=torch.Generator().manual_seed(0))
        >>> samples_per_point(points.repeat(10, 1)).sizes[:3]
        tensor([10, 10, 10])
    """
    units = to_sphere(checked_rows(z, min_rows=2))
    rows, _, sizes, _ = _groups(units)
    return SamplesPerPoint(rows.cpu(), sizes.cpu())


@torch.no_grad()
def repetition(
    z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"] | None = None
) -> Repeated:
    r"""Share of different points, and whether views distinguish the samples on a point.

    With :math:`g_i` the number of samples on the point of sample :math:`i`
    (:func:`samples_per_point`),

    .. math:: \text{distinct} = \frac1n \sum_i \frac{1}{g_i}, \qquad
              \text{repeated} = \frac1n \big|\{i : g_i > 1\}\big| .

    Args:
        z1: First view of each sample, 2 rows or more; rows need not be normalised.
        z2: Second view of the same samples.

    Range:
        1 / samples (one point) to 1 for `distinct`; 0 to 1 for `repeated`; 0 (the own view is
        always the nearest, or no point is shared) to 1 for `confused`, 0.5 if nothing distinguishes
        the samples on a point.

    Reading:
        No use of the embeddings can distinguish samples on the same point. Half of the rows
        repeated is more often a fault of the data than of the encoder.

    Cost:
        As of :func:`samples_per_point`.

    Example:
        >>> points = torch.randn(20, 16, generator=torch.Generator().manual_seed(0))
        >>> found = repetition(points.repeat(10, 1))
        >>> print(f"{found.distinct:.2f} {found.repeated:.2f}")
        0.10 1.00
    """
    first = to_sphere(checked_rows(z1, min_rows=2))
    second = None if z2 is None else to_sphere(checked_pair(z1, z2)[1])
    rows, keys, sizes, away = _groups(first)
    grouped = sizes > 1
    confused = torch.full((), torch.nan if second is None else 0.0, dtype=torch.float64)
    if second is not None and bool(grouped.any()):
        reach = away[grouped].gather(1, (sizes[grouped] - 2)[:, None])
        confused = _confused(first, second, rows[grouped], keys, reach)
    return Repeated((1 / sizes.double()).mean().cpu(), grouped.double().mean().cpu(), confused)


@torch.no_grad()
def shared_points(z: Float[Tensor, "samples dim"]) -> tuple[tuple[int, ...], ...]:
    """Rows on the same point, as :func:`samples_per_point` counts them, the largest group first.

    Args:
        z: One view of each sample, 2 rows or more; rows need not be normalised.

    Cost:
        Up to 2,048 samples are compared with each other; of more, as of :func:`samples_per_point`,
        and a group has the members that were compared.

    Example:
        >>> points = torch.randn(8, 16, generator=torch.Generator().manual_seed(0))
        >>> shared_points(torch.cat([points, points[3:4]]))
        ((3, 8),)
    """
    units = to_sphere(checked_rows(z, min_rows=2))
    rows, keys, sizes, away = _groups(units, queries=_ALL if len(units) <= _ALL else _QUERIES)
    shared = sizes > 1
    rows, sizes = rows[shared], sizes[shared]
    if not len(rows):
        return ()
    reach = away[shared].gather(1, (sizes - 2)[:, None])
    inside = _distances(units[rows], units[keys]) <= reach * (1 + 1e-9)
    taken: set[int] = set()
    found = []
    for row, members in zip(rows.tolist(), inside, strict=True):
        if row not in taken:
            group = {row, *keys[members].tolist()} - taken
            taken |= group
            found.append(tuple(sorted(group)))
    return tuple(sorted((each for each in found if len(each) > 1), key=lambda each: -len(each)))


def _groups(units: Tensor, *, queries: int = _QUERIES) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Samples examined, all others, sizes of the groups, and sorted distances to the others."""
    rows, keys = (_spread(len(units), most).to(units.device) for most in (queries, _KEYS))
    apart = _distances(units[rows], units[keys])
    own = rows[:, None] == keys[None, :]
    order = apart.masked_fill(own, -1.0).sort(dim=1).values
    # the sample itself comes first where it is among the others
    away = torch.where(own.any(dim=1, keepdim=True), order, order.roll(1, 1))[:, 1:]
    jump = away[:, 1:] / away[:, :-1]
    needed = torch.full((jump.shape[1],), _JUMP, dtype=jump.dtype, device=jump.device)
    needed[: _SMALL - 1] = _SMALL_JUMP
    jump = torch.where(jump >= needed, jump, torch.zeros_like(jump))
    if jump.shape[1] == 0:
        return rows, keys, torch.ones_like(rows), away
    largest, place = jump.max(dim=1)
    return rows, keys, torch.where(largest > 0, place + 2, torch.ones_like(place)), away


def _spread(count: int, most: int) -> Tensor:
    """At most `most` of `count` rows, evenly spaced."""
    chosen = torch.linspace(0, count - 1, min(count, most), dtype=torch.float64)
    return chosen.round().long()


def _distances(queries: Tensor, keys: Tensor) -> Tensor:
    """Distances of unit vectors; those below the rounding of inner products are zero."""
    apart = (2 - 2 * queries @ keys.T).clamp_min_(0).sqrt_()
    return torch.where(apart < _EQUAL, torch.full_like(apart, _EQUAL), apart)


def _confused(first: Tensor, second: Tensor, rows: Tensor, keys: Tensor, reach: Tensor) -> Tensor:
    """Within groups, the share of other second views that are nearer than the own one."""
    apart = _distances(first[rows], first[keys])
    inside = (apart <= reach * (1 + 1e-9)) & (rows[:, None] != keys[None, :])
    own = (first[rows] * second[rows]).sum(dim=1, keepdim=True)
    beyond = first[rows] @ second[keys].T - own
    nearer = (beyond > _EQUAL**2).double() + (beyond.abs() <= _EQUAL**2).double() / 2
    shares: Tensor = (nearer * inside).sum(dim=1) / inside.sum(dim=1).clamp_min(1)
    return shares.mean().cpu()


@final
class Repetition(KeptPairs):
    """:func:`repetition` over a stream of pairs; keeps at most `capacity` of them.

    Beyond `capacity`, samples on a point are counted among those kept.

    Cost:
        ``2 · capacity · dim`` numbers in float32.
    """

    better: ClassVar[Better | None] = None
    anchors: ClassVar[Mapping[str, Callable[[int], float]]] = {}

    def __init__(self, *, capacity: int = 2_048) -> None:
        super().__init__(capacity=capacity)

    def measure(self, z1: Tensor, z2: Tensor) -> tuple[Tensor, ...]:
        """:func:`repetition` of the pairs kept."""
        return repetition(z1, z2)
