"""How well the other view of a sample is found: by the encoder, before training, by the inputs."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix
from nearfar.diagnostics._representation_similarity import linear_cka, neighbor_overlap
from nearfar.diagnostics._view_retrieval import view_ranks, view_retrieval

__all__ = ["Views2", "against_inputs", "against_untrained", "of_both_representations"]

Views2 = tuple[Tensor, Tensor]
"""Two views of the same samples, one row per sample."""

_NEIGHBORS, _LEAST = 10, 20


def of_both_representations(h: Views2) -> dict[str, float]:
    """How well the other view is found on the representation."""
    return _found(_checked(h, "representations"), "representation")


def _found(views: Views2, name: str) -> dict[str, float]:
    found = view_retrieval(*views)
    return {
        f"{name}_recall_1": float(found.recall_1),
        f"{name}_order": float(found.order),
        f"{name}_log_rank": float(_log_ranks(views).mean()),
    }


@torch.no_grad()
def against_untrained(h: Views2, untrained: Views2) -> dict[str, float]:
    """The same with the encoder before training, and how much training has changed.

    The gain is the mean difference of the logarithms of both ranks, in bits, with its standard
    error over the samples: 1 halves the rank.
    """
    before = _checked(untrained, "untrained")
    gains = _log_ranks(before) - _log_ranks(_checked(h, "representations"))
    compared = {
        **_found(before, "untrained"),
        "rank_gain": float(gains.mean()),
        "rank_gain_error": float(gains.std() / math.sqrt(len(gains))),
    }
    if len(h[0]) >= _LEAST:
        compared["untrained_cka"] = float(linear_cka(h[0], untrained[0]))
        compared["untrained_overlap"] = float(
            neighbor_overlap(h[0], untrained[0], k=min(_NEIGHBORS, len(h[0]) - 1))
        )
    return compared


@torch.no_grad()
def against_inputs(
    h: Views2 | None, raw: Views2 | None, statistics: Views2 | None = None
) -> dict[str, float]:
    """How well the inputs find the other view, and how much of the encoder's order they explain.

    Args:
        h: Representations of both views.
        raw: Raw values of both views.
        statistics: Low-level statistics of both views.
    """
    measured: dict[str, float] = {}
    ranks = []
    if raw is not None:
        measured |= _found(_checked(raw, "raw"), "raw")
        ranks.append(_both_ranks(raw))
    if statistics is not None:
        scaled = _standardized(*_checked(statistics, "statistics"))
        measured["statistics_order"] = float(view_retrieval(*scaled).order)
        ranks.append(_both_ranks(scaled))
    if ranks and h is not None:
        measured["explained_by_inputs"] = _explained(_both_ranks(h), torch.stack(ranks, dim=1))
    return measured


def _checked(views: Views2, name: str) -> Views2:
    first, second = views
    check_matrix(min_rows=2, **{f"{name}[0]": first, f"{name}[1]": second})
    check_finite_rows(**{f"{name}[0]": first, f"{name}[1]": second})
    return first.detach(), second.detach()


def _both_ranks(views: Views2) -> Tensor:
    """Mean over both directions of the share of other samples that are nearer."""
    first, second = views
    return (view_ranks(first, second) + view_ranks(second, first)) / 2


def _log_ranks(views: Views2) -> Tensor:
    """Binary logarithm of the rank of the other view, the mean of both directions."""
    first, second = views
    others = len(first) - 1
    ranks = [1 + others * view_ranks(a, b) for a, b in ((first, second), (second, first))]
    return torch.stack(ranks).log2().mean(dim=0)


def _standardized(first: Tensor, second: Tensor) -> Views2:
    both = torch.cat([first, second]).double()
    both = both - both.mean(dim=0)
    scale = both.std(dim=0, correction=0)
    both = both / torch.where(scale > 0, scale, 1.0)
    return both[: len(first)], both[len(first) :]


def _explained(found: Tensor, by: Tensor) -> float:
    """Fraction of the variance of ranks that a linear function of other ranks explains."""
    centered = found - found.mean()
    total = centered.square().sum()
    if not total > 0:
        return 0.0
    design = torch.cat([by, by.new_ones(len(by), 1)], dim=1)
    # the driver that copes with columns that depend on each other
    fit = torch.linalg.lstsq(design.cpu(), found[:, None].cpu(), driver="gelsd").solution
    left = (found.cpu() - (design.cpu() @ fit)[:, 0]).square().sum()
    return float(1 - left / total.cpu())
