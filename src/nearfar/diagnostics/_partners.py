"""How well the other view of a sample is found: by the encoder, before training, by the inputs."""

from __future__ import annotations

import math
from typing import TypeAlias

import torch
from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix
from nearfar.diagnostics._judged_measurements import COMPARED, NEIGHBORS
from nearfar.diagnostics._measure import spread_rows
from nearfar.diagnostics._representation_similarity import linear_cka, neighbor_overlap
from nearfar.diagnostics._view_retrieval import by_distance, view_ranks, view_retrieval

__all__ = ["TwoViews", "partners"]

TwoViews: TypeAlias = tuple[Tensor, Tensor]
"""Two views of the same samples, one row per sample."""

_LEAST = 20


@torch.no_grad()
def partners(
    *,
    representations: TwoViews | None = None,
    untrained: TwoViews | None = None,
    raw: TwoViews | None = None,
    statistics: TwoViews | None = None,
) -> dict[str, float]:
    """How well the other view is found, what training has gained, and what the inputs explain.

    The gain is the mean difference of the logarithms of the ranks before and after training, in
    bits, with its standard error over the samples: 1 halves the rank. Statistics are scaled to unit
    deviation and compared by distance, all of them or a single one if that finds more. What inputs
    explain is the share of the variance of the representation's ranks that a linear function of
    their ranks explains; 0 if the representation finds every other view. Of more than 2,048
    samples, 2,048 evenly spaced ones are compared.

    Args:
        representations: Representations of both views.
        untrained: The same by the encoder before training.
        raw: Raw values of both views.
        statistics: Low-level statistics of both views.
    """
    measured: dict[str, float] = {}
    inputs = []
    h = None
    if representations is not None:
        h = _some(representations, "representations")
        nearer = _nearer(h)
        measured |= _found(h, nearer, "representation")
    if h is not None and untrained is not None:
        measured |= _compared(h, _some(untrained, "untrained"), after=nearer)
    if raw is not None:
        values = _some(raw, "raw")
        inputs.append(_nearer(values))
        measured |= _found(values, inputs[-1], "raw")
    if statistics is not None:
        scaled = _standardized(*_some(statistics, "statistics"))
        shares, measured["statistics_recall_1"] = _most_telling(scaled)
        inputs.append(shares)
        measured["statistics_order"] = float(1 - shares.mean())
        if h is not None:
            measured["explained_by_statistics"] = _explained(nearer, inputs[-1:])
    if h is not None and inputs:
        measured["explained_by_inputs"] = _explained(nearer, inputs)
    return measured


def _some(views: TwoViews, name: str) -> TwoViews:
    """Both views after their checks, at most 2,048 rows."""
    first, second = views
    check_matrix(min_rows=2, **{f"{name}[0]": first, f"{name}[1]": second})
    check_finite_rows(**{f"{name}[0]": first, f"{name}[1]": second})
    return spread_rows(first.detach(), most=COMPARED), spread_rows(second.detach(), most=COMPARED)


def _nearer(views: TwoViews) -> Tensor:
    """Share of other samples that are nearer than the other view, from each of both views."""
    first, second = views
    return torch.stack([view_ranks(first, second), view_ranks(second, first)])


def _log_ranks(nearer: Tensor) -> Tensor:
    """Binary logarithm of the rank of the other view, the mean of both directions."""
    return (1 + (nearer.shape[1] - 1) * nearer).log2().mean(dim=0)


def _found(views: TwoViews, nearer: Tensor, name: str) -> dict[str, float]:
    return {
        f"{name}_recall_1": float(view_retrieval(*views).recall_1),
        f"{name}_order": float(1 - nearer.mean()),
        f"{name}_log_rank": float(_log_ranks(nearer).mean()),
    }


def _compared(h: TwoViews, before: TwoViews, *, after: Tensor) -> dict[str, float]:
    """The encoder before training, and how much training has changed."""
    nearer = _nearer(before)
    gains = _log_ranks(nearer) - _log_ranks(after)
    compared = {
        **_found(before, nearer, "untrained"),
        "rank_gain": float(gains.mean()),
        "rank_gain_error": float(gains.std() / math.sqrt(len(gains))),
    }
    if len(gains) >= _LEAST:
        k = min(NEIGHBORS, len(gains) - 1)
        compared["untrained_cka"] = float(linear_cka(h[0], before[0]))
        compared["untrained_overlap"] = float(neighbor_overlap(h[0], before[0], k=k))
    return compared


def _standardized(first: Tensor, second: Tensor) -> TwoViews:
    both = torch.cat([first, second]).double()
    both = both - both.mean(dim=0)
    scale = both.std(dim=0, correction=0)
    both = both / torch.where(scale > 0, scale, 1.0)
    return both[: len(first)], both[len(first) :]


def _most_telling(views: TwoViews) -> tuple[Tensor, float]:
    """Retrieval by all statistics, or by a single one if that finds more."""
    first, second = views
    alone = [(first[:, [i]], second[:, [i]]) for i in range(first.shape[1])]
    return max((by_distance(*some) for some in (views, *alone)), key=lambda found: found[1])


def _explained(nearer: Tensor, inputs: list[Tensor]) -> float:
    """Fraction of the variance of ranks that a linear function of those by inputs explains."""
    found = nearer.mean(dim=0)
    by = torch.stack([shares.mean(dim=0) for shares in inputs], dim=1)
    centered = found - found.mean()
    total = centered.square().sum()
    if not total > 0:
        return 0.0
    design = torch.cat([by, by.new_ones(len(by), 1)], dim=1)
    # the driver that copes with columns that depend on each other
    fit = torch.linalg.lstsq(design.cpu(), found[:, None].cpu(), driver="gelsd").solution
    left = (found.cpu() - (design.cpu() @ fit)[:, 0]).square().sum()
    return float(1 - left / total.cpu())
