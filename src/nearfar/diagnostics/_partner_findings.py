"""Findings on how well the other view is found, and by what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nearfar._verdict_names import TOO_STRONG
from nearfar.diagnostics._rules import gained, named_by, verdicts
from nearfar.diagnostics._thresholds import THRESHOLDS
from nearfar.records import Finding

__all__ = ["of_gain", "of_raw_inputs", "of_representations", "of_retrieval", "of_statistics"]

_ORDER: Final = {"chance": 0.5, "always": 1.0}


def of_retrieval(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    """Retrieval by projections."""
    value, gallery = measured["recall_1"], measured["gallery"]
    reading = f"the other view is the nearest of {gallery:,.0f} for {value:.0%} of the samples"
    return Finding("recall_1", value, reading, {"chance": 1 / gallery, "always": 1.0})


def of_representations(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    """Retrieval by representations."""
    value, recall = measured["representation_order"], measured["representation_recall_1"]
    reading = f"the other view is nearer than {value:.0%} of the other samples"
    if "gallery" in measured:
        reading += f"; it is the nearest of {measured['gallery']:,.0f} for {recall:.0%}"
    return Finding("representation_order", value, f"before the projector: {reading}", _ORDER)


def of_gain(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    """The gain over the untrained encoder."""
    value, error = measured["rank_gain"], measured["rank_gain_error"]
    better = gained(measured)
    factor = f"its rank is {2**value:.2g} times lower" if value > 0 else "its rank is not lower"
    reading = {
        True: f"the other view is found better than by the untrained encoder: {factor}",
        False: f"the other view is hardly found better than by the untrained encoder: {factor}",
        None: "the untrained encoder finds the other view already",
    }[better]
    if measured.get("untrained_overlap", 0.0) >= THRESHOLDS.unmoved:
        reading = "nearest neighbours are those of before training: it has changed nothing"
    anchors = {"untrained": 0.0, "error": error, "always": measured["untrained_log_rank"]}
    return Finding("rank_gain", value, reading, anchors, better)


def of_raw_inputs(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    """Retrieval by raw values."""
    value = measured["raw_order"]
    reading = f"raw inputs find the other view of {measured['raw_recall_1']:.0%} of the samples"
    verdict: bool | None = None
    if named_by(measured, "raw"):
        reading, verdict = f"{reading}: something in the inputs names the sample", False
    elif TOO_STRONG in verdicts(measured):
        reading, verdict = "views of a sample have almost nothing in common", False
    return Finding("raw_order", value, reading, _ORDER, verdict)


def of_statistics(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    """Retrieval by low-level statistics, and what it explains of that by representations."""
    value = measured["statistics_order"]
    reading = "low-level statistics, such as length, brightness or degree, find the other view"
    if "statistics_recall_1" in measured:
        reading += f" of {measured['statistics_recall_1']:.0%} of the samples"
    if "explained_by_statistics" in measured:
        share = measured["explained_by_statistics"]
        reading += f" and explain {share:.0%} of the ranks that the encoder finds it at"
    if named_by(measured, "statistics"):
        return Finding("statistics_order", value, f"{reading}: they name the sample", _ORDER, False)
    return Finding("statistics_order", value, reading, _ORDER)
