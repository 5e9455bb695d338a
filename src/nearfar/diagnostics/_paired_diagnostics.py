"""Measurements of paired embeddings: retrieval, modality gap, mutual information."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._findings import number
from nearfar.diagnostics._information import information
from nearfar.diagnostics._measure import spread_rows
from nearfar.diagnostics._modality_gap import modality_gap
from nearfar.diagnostics._retrieval import retrieval
from nearfar.records import Finding

__all__ = ["PAIR_READINGS", "pair_findings", "pair_measurements"]

_PAIRS = 2_048

PAIR_READINGS: Final[Mapping[str, str]] = {
    "candidates": "number of candidates",
    "recall_1": "inputs whose own signal is the nearest (recall at 1); chance is 1 / candidates",
    "recall_5": "inputs whose own signal is among the five nearest (recall at 5)",
    "recall_10": "inputs whose own signal is among the ten nearest (recall at 10)",
    "median_rank": "median rank of an input's own signal, 1 at best",
    "back_recall_1": "signals whose own input is the nearest (recall at 1)",
    "back_recall_5": "signals whose own input is among the five nearest (recall at 5)",
    "back_recall_10": "signals whose own input is among the ten nearest (recall at 10)",
    "back_median_rank": "median rank of a signal's own input, 1 at best",
    "modality_gap": "distance between the centres of inputs and signals, from 0 to 2; high where"
    " the two occupy different regions",
    "information": "lower bound of the mutual information of input and signal, in nats",
    "information_ceiling": "the largest value with this many pairs; near it, use more pairs",
}
"""Description of each measurement of pairs."""


def pair_measurements(
    z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]
) -> dict[str, float]:
    """Retrieval in both directions, modality gap and mutual information of paired projections.

    Args:
        z1: Projections of the inputs, 2 rows or more.
        z2: Projections of their signals, in the same order.

    Returns:
        The measurements listed in :data:`PAIR_READINGS`, in that order.

    Raises:
        ValueError: Fewer than 2 rows, shapes that differ, NaN or infinity.

    Cost:
        Uses at most 2,048 pairs, evenly spaced.

    Example:
        >>> import torch
        >>> measured = pair_measurements(torch.eye(4), torch.eye(4))
        >>> measured["recall_1"], measured["median_rank"], measured["modality_gap"]
        (1.0, 1.0, 0.0)
    """
    z1, z2 = spread_rows(z1, most=_PAIRS), spread_rows(z2, most=_PAIRS)
    found, informed = retrieval(z1, z2), information(z1, z2)
    measured = {name: float(value) for name, value in found._asdict().items()}
    measured |= {
        "candidates": float(len(z1)),
        "modality_gap": float(modality_gap(z1, z2)),
        "information": float(informed.estimate),
        "information_ceiling": float(informed.ceiling),
    }
    return {name: measured[name] for name in PAIR_READINGS}


def pair_findings(measured: Mapping[str, float]) -> tuple[Finding, ...]:
    """Findings on the measurements of :func:`pair_measurements`.

    They do not affect the verdict: the information that input and signal share is a property of the
    data, and a modality gap does not impair cross-modal retrieval.

    Example:
        >>> import torch
        >>> from nearfar.diagnostics import pair_measurements
        >>> found = pair_findings(pair_measurements(torch.eye(4), torch.eye(4)))
        >>> found[0].reading, found[0].anchors
        ('the own signal is the nearest of 4 for 100 %, median rank 1',
         {'chance': 0.25, 'all found': 1.0})
    """
    candidates = measured["candidates"]
    ceiling = measured["information_ceiling"]
    return (
        _found(measured, "", "signal", candidates),
        _found(measured, "back_", "input", candidates),
        Finding(
            "modality_gap",
            measured["modality_gap"],
            "distance between the centres of inputs and signals",
            {"none": 0.0, "opposite poles": 2.0},
        ),
        Finding(
            "information",
            measured["information"],
            f"lower bound in nats; at most {number(ceiling)} with this many pairs",
            {"independent": 0.0, "ceiling": ceiling},
        ),
    )


def _found(measured: Mapping[str, float], way: str, what: str, candidates: float) -> Finding:
    share, rank = measured[f"{way}recall_1"], measured[f"{way}median_rank"]
    return Finding(
        f"{way}recall_1",
        share,
        f"the own {what} is the nearest of {candidates:,.0f} for {share:.0%},"
        f" median rank {rank:,.0f}".replace("%", " %"),
        {"chance": 1 / candidates, "all found": 1.0},
    )
