"""The samples that findings are about, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._diagnostic import checked_pair, checked_rows
from nearfar.diagnostics._findings import HUB
from nearfar.diagnostics._hubness import occurrences
from nearfar.diagnostics._judged_measurements import COMPARED, LONG, NEIGHBORS
from nearfar.diagnostics._measure import spread_rows
from nearfar.diagnostics._repetition import shared_points
from nearfar.diagnostics._view_retrieval import view_ranks
from nearfar.records import HealthRecord, NamedSamples

__all__ = ["named_samples", "with_named_samples"]

_MOST: Final = 200  # names per finding
_LOST: Final = 0.05  # of the other samples nearer than the own second view


@torch.no_grad()
def named_samples(
    z1: Float[Tensor, "samples dim"],
    z2: Float[Tensor, "samples dim"] | None = None,
    *,
    ids: Sequence[str],
) -> tuple[NamedSamples, ...]:
    """Samples on one point, hubs, long rows, and samples whose second view is not found.

    Args:
        z1: One view of each sample, 2 rows or more; rows need not be normalised.
        z2: The second view of the same samples.
        ids: Name of each row.

    Returns:
        One entry per finding of :func:`nearfar.diagnostics.health` with such samples, each with at
        most 200 names, the most notable first, and the number of all:

        ``repeated_share``
            Samples that share their point with others, group by group
            (:func:`nearfar.diagnostics.repetition`).
        ``recall_1``
            Samples of which the second views of 5 % of the others or more are nearer than the own
            one, the worst first. Half of the others is chance.
        ``largest_hub``
            Samples among the 10 nearest neighbours of 20 % of the others or more.
        ``longest``
            Rows over 100 times as long as the median.

    Raises:
        ValueError: Fewer than 2 rows, shapes or lengths that differ, NaN or infinity.

    Cost:
        2,048 evenly spaced samples are compared with each other, and 512 with up to 32,768 where
        there are more.

    Example:
        >>> z = torch.randn(40, 16, generator=torch.Generator().manual_seed(0))
        >>> z[7] = z[3]
        >>> found, *_ = named_samples(z, ids=[f"{row}.png" for row in range(40)])
        >>> found.finding, found.ids
        ('repeated_share', ('3.png', '7.png'))
    """
    rows = checked_rows(z1, min_rows=2)
    if len(ids) != len(rows):
        raise ValueError(f"`ids` must have one name per row, {len(rows)}, got {len(ids)}")
    second = None if z2 is None else checked_pair(z1, z2)[1]
    some = spread_rows(torch.arange(len(rows)).unsqueeze(1), most=COMPARED).flatten()
    found = [_repeated(rows, ids), _lost(rows, second, some, ids)]
    found += [_hubs(rows, some, ids), _long(rows, ids)]
    return tuple(each for each in found if each is not None)


def with_named_samples(
    verdict: HealthRecord, z1: Tensor, z2: Tensor | None = None, *, ids: Sequence[str]
) -> HealthRecord:
    """The verdict with the samples that its findings are about; see :func:`named_samples`."""
    known = {finding.name for finding in verdict.findings}
    named = (each for each in named_samples(z1, z2, ids=ids) if each.finding in known)
    return replace(verdict, named_samples=tuple(named))


def _repeated(rows: Tensor, ids: Sequence[str]) -> NamedSamples | None:
    groups = shared_points(rows)
    if not groups:
        return None
    listed = list(_cut(groups))
    order = [row for group in listed for row in group]
    return NamedSamples(
        "repeated_share",
        "samples on one point",
        ids=tuple(str(ids[row]) for row in order),
        rows=tuple(order),
        groups=tuple(map(len, listed)),
        sizes=tuple(map(len, groups[: len(listed)])),
        total=sum(map(len, groups)),
        compared=len(rows),
    )


def _cut(groups: Sequence[Sequence[int]]) -> Iterator[Sequence[int]]:
    """Groups of at most 200 rows together; of a large one, a part that leaves room for others."""
    room = _MOST
    fair = max(2, _MOST // len(groups))
    for group in groups:
        taken = group[: min(room, max(fair, _MOST // 10))]
        if len(taken) < 2:
            return
        room -= len(taken)
        yield taken


def _lost(
    rows: Tensor, second: Tensor | None, some: Tensor, ids: Sequence[str]
) -> NamedSamples | None:
    if second is None or len(some) < 2:
        return None
    at = some.to(rows.device)
    return _listed(
        view_ranks(rows[at], second[at]),
        some,
        ids,
        keep=lambda ranks: ranks > _LOST,
        finding="recall_1",
        about="second view not found",
        unit="of the others are nearer",
    )


def _hubs(rows: Tensor, some: Tensor, ids: Sequence[str]) -> NamedSamples | None:
    if len(some) <= NEIGHBORS:
        return None
    counts = occurrences(rows[some.to(rows.device)], k=NEIGHBORS).double()
    return _listed(
        counts / (len(some) - 1),
        some,
        ids,
        keep=lambda shares: shares >= HUB,
        finding="largest_hub",
        about="neighbours of far too many samples",
        unit="of the others",
    )


def _long(rows: Tensor, ids: Sequence[str]) -> NamedSamples | None:
    lengths = rows.norm(dim=1)
    usual = lengths.median().clamp_min(torch.finfo(rows.dtype).tiny)
    return _listed(
        lengths / usual,
        torch.arange(len(rows)),
        ids,
        keep=lambda ratios: ratios > LONG,
        finding="longest",
        about="rows far longer than the others",
        unit="times the median",
    )


def _listed(
    values: Tensor,
    some: Tensor,
    ids: Sequence[str],
    *,
    keep: Callable[[Tensor], Tensor],
    finding: str,
    about: str,
    unit: str,
) -> NamedSamples | None:
    """The samples with the highest values of those to keep; None without any."""
    values = values.cpu()
    kept = keep(values).nonzero().flatten()
    if not len(kept):
        return None
    order = kept[values[kept].argsort(descending=True, stable=True)][:_MOST]
    rows = some[order].tolist()
    return NamedSamples(
        finding,
        about,
        ids=tuple(str(ids[row]) for row in rows),
        rows=tuple(rows),
        values=tuple(float(f"{value:.3g}") for value in values[order].tolist()),
        unit=unit,
        total=len(kept),
        compared=len(some),
    )
