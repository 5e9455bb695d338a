"""What inputs and signals have to do with each other, beside its anchors, in words."""

from __future__ import annotations

from collections.abc import Mapping

from nearfar.diagnostics._findings import number
from nearfar.records import Finding

__all__ = ["pair_findings"]


def pair_findings(measured: Mapping[str, float]) -> tuple[Finding, ...]:
    """Retrieval both ways, modality gap and information, as :func:`pair_measurements` gives them.

    None of them makes a verdict: how much two sides share is a property of the data, and a gap
    between them does no harm where they are compared across it alone.

    Example:
        >>> import torch
        >>> from nearfar.diagnostics import pair_measurements
        >>> found = pair_findings(pair_measurements(torch.eye(4), torch.eye(4)))
        >>> found[0].reading, found[0].anchors
        ("of 100 % the own signal is the nearest of 4, the middle one's rank is 1",
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
            f"nats that the two sides share at least; so many pairs can show {number(ceiling)}",
            {"independent": 0.0, "ceiling": ceiling},
        ),
    )


def _found(measured: Mapping[str, float], way: str, what: str, candidates: float) -> Finding:
    share, rank = measured[f"{way}recall_1"], measured[f"{way}median_rank"]
    return Finding(
        f"{way}recall_1",
        share,
        f"of {share:.0%} the own {what} is the nearest of {candidates:,.0f},"
        f" the middle one's rank is {rank:,.0f}".replace("%", " %"),
        {"chance": 1 / candidates, "all found": 1.0},
    )
