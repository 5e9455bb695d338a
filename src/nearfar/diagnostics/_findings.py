"""Findings: each measurement with its reference values and its interpretation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from nearfar._signs import counted, minus
from nearfar._verdict_names import DEAD, DUPLICATES, FEW_POINTS, LOW_DIMENSION
from nearfar.diagnostics._judged_measurements import LONG
from nearfar.diagnostics._partner_findings import (
    of_gain,
    of_raw_inputs,
    of_representations,
    of_retrieval,
    of_statistics,
)
from nearfar.diagnostics._rules import (
    few_directions,
    lost_representation,
    moving,
    one_point,
    short,
    verdicts,
)
from nearfar.diagnostics._thresholds import THRESHOLDS
from nearfar.records import Finding

__all__ = ["CROWDED", "HUB", "findings", "number"]

CROWDED: Final = 0.5
_ALIGNED: Final = 0.5
_UNRELATED: Final = THRESHOLDS.unrelated
_USED: Final = 0.5
_NOTICED: Final = 0.02  # share of repeated samples or dead dimensions that is worth a line
HUB: Final = 0.2
"""Share of the other samples of which a hub is a neighbour."""


def number(value: float, digits: int = 2) -> str:
    """A number as text, with a typographic minus sign and no negative zero.

    Example:
        >>> number(-3.414), number(-0.001)
        ('−3.41', '0.00')
    """
    text = f"{value:,.{digits}f}"
    text = text.removeprefix("-") if not text.strip("-0.,") else text
    return minus(text)


def findings(measured: Mapping[str, float], *, samples: int, dim: int) -> tuple[Finding, ...]:
    """One finding per available measurement; `measured` as collected by :func:`health`."""
    makers: dict[str, Callable[[Mapping[str, float], int, int], Finding]] = {
        "loss": _loss,
        "alignment": _alignment,
        "relative_alignment": _relative,
        "uniformity": _uniformity,
        "m_o": _center,
        "m_r": _residual,
        "feature_std": _std,
        "effective_rank": _effective_rank,
        "spherical_rank": _rank,
        "representation_spherical_rank": _representation,
        "intrinsic_dimension": _intrinsic,
        "distinct_share": _distinct,
        "repeated_share": _repeated,
        "recall_1": of_retrieval,
        "representation_order": of_representations,
        "rank_gain": of_gain,
        "raw_order": of_raw_inputs,
        "statistics_order": of_statistics,
        "updates": _course,
        "largest_hub": _hub,
        "dead_share": _dead,
        "longest": _longest,
    }
    return tuple(make(measured, samples, dim) for name, make in makers.items() if name in measured)


def _loss(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    loss, chance = measured["loss"], measured.get("chance")
    if chance is None:
        return Finding("loss", loss, "this objective has no chance level")
    stuck = loss >= THRESHOLDS.at_chance * chance
    reading = "at chance: views are not distinguished from negatives" if stuck else "below chance"
    return Finding("loss", loss, reading, {"chance": chance}, not stuck)


def _alignment(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    value, far = measured["alignment"], measured["random_distance"]
    anchors = {"identical": 0.0, "other samples": far, "unrelated and uniform": 2.0}
    if value == 0 and far > 0:
        return Finding("alignment", value, "the two views are identical", anchors)
    ratio = measured["relative_alignment"]
    return Finding("alignment", value, _agreement(ratio), anchors, ratio < _UNRELATED)


def _agreement(ratio: float) -> str:
    if ratio < _ALIGNED:
        return "views agree"
    return "views agree weakly" if ratio < _UNRELATED else "views are no closer than other samples"


def _relative(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    ratio = measured["relative_alignment"]
    anchors = {"identical": 0.0, "unrelated": 1.0}
    return Finding("relative_alignment", ratio, _agreement(ratio), anchors, ratio < _UNRELATED)


def _uniformity(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    value, least = measured["uniformity"], measured["uniformity_minimum"]
    share = value / least
    if share >= _USED:
        reading = "samples cover the sphere"
    else:
        part = "part" if share >= 0.05 else "very little"
        reading = f"samples cover {part} of the sphere"
    anchors = {"collapsed": 0.0, "uniform": least}
    return Finding("uniformity", value, reading, anchors, True if share >= _USED else None)


def _center(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    reading = {
        True: "centred: no common direction",
        None: "the embeddings have a common direction, as after a ReLU",
        False: "all embeddings point in the same direction",
    }
    order = _spread(measured)
    if order is False and measured["m_o"] < CROWDED:
        reading[False] = "all embeddings are zero"
    anchors = {"collapsed": 1.0, "centred": 1 / math.sqrt(samples)}
    return Finding("m_o", measured["m_o"], reading[order], anchors, order)


def _residual(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    reading = {
        True: "embeddings deviate strongly from their mean",
        None: "embeddings deviate moderately from their mean",
        False: "embeddings hardly deviate from their mean",
    }
    order = _spread(measured)
    anchors = {"collapsed": 0.0, "centred": 1.0}
    return Finding("m_r", measured["m_r"], reading[order], anchors, order)


def _spread(measured: Mapping[str, float]) -> bool | None:
    if one_point(measured):
        return False
    return True if measured["m_o"] < CROWDED else None


def _std(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    isotropic = 1 / math.sqrt(dim)
    share = measured["feature_std"] / isotropic
    reading = f"{share:.0%} of the isotropic value"
    anchors = {"collapsed": 0.0, "isotropic": isotropic}
    # it can flag a problem, never rule one out: ReLU features look like a few lost directions
    return Finding(
        "feature_std",
        measured["feature_std"],
        reading,
        anchors,
        False if share < 0.1 else None,
    )


def _effective_rank(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    rank, isotropic = measured["effective_rank"], measured["isotropic_rank"]
    anchors = {"collapsed": 1.0, "isotropic": isotropic}
    # of raw rows, as published: a few long rows decide it, so the rank of unit rows is judged
    reading = f"{rank / isotropic:.0%} of the isotropic value"
    return Finding("effective_rank", rank, reading, anchors)


def _rank(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    rank, isotropic = measured["spherical_rank"], measured["isotropic_rank"]
    few = few_directions(measured)
    reading = "few directions carry the variance" if few else _share_of_rank(measured)
    anchors = {"collapsed": 1.0, "isotropic": isotropic}
    return Finding("spherical_rank", rank, reading, anchors, not few)


def _share_of_rank(measured: Mapping[str, float], of: str = "") -> str:
    """A rank relative to that of an isotropic sample, and the directions behind a drop."""
    share = measured[f"{of}spherical_rank"] / measured[f"{of}isotropic_rank"]
    lost = measured[f"{of}lost_share"]
    reading = f"{share:.0%} of the isotropic value"
    return f"{reading}; {lost:.0%} of the directions hold almost nothing" if lost > 0 else reading


def _representation(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    of = "representation_"
    rank, isotropic = measured[f"{of}spherical_rank"], measured[f"{of}isotropic_rank"]
    anchors = {"collapsed": 1.0, "isotropic": isotropic}
    lost = lost_representation(measured)
    reading = "few directions carry the variance" if lost else _share_of_rank(measured, of)
    healthy = False if lost else None
    return Finding(
        f"{of}spherical_rank", rank, f"before the projector: {reading}", anchors, healthy
    )


def _holds(verdict: str, measured: Mapping[str, float]) -> bool:
    return verdict in verdicts(measured)


def _intrinsic(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    value = measured["intrinsic_dimension"]
    low = _holds(LOW_DIMENSION, measured)
    reading = f"about {counted(round(value), 'number')} per sample, locally"
    if low:
        reading = "about one number describes a sample"
    anchors = {"a curve": 1.0}
    return Finding("intrinsic_dimension", value, reading, anchors, False if low else None)


def _distinct(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    share = measured["distinct_share"]
    few = _holds(FEW_POINTS, measured)
    reading = "all samples are different points"
    if share < 1:
        reading = f"about {max(1, round(share * samples)):,} different points"
    if few:
        reading += ": nothing distinguishes samples on a point"
    return Finding("distinct_share", share, reading, {"all different": 1.0}, False if few else None)


def _repeated(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    share = measured["repeated_share"]
    many = _holds(DUPLICATES, measured) and share > 0
    noticed = share >= _NOTICED
    reading = f"{share:.0%} of the samples share their point with another" if noticed else "none"
    healthy = False if many else None
    return Finding("repeated_share", share, reading, {"none": 0.0, "all": 1.0}, healthy)


def _course(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    updates = f"{counted(round(measured['updates']), 'update')}"
    reading = "readings have settled"
    if moving(measured):
        reading = "readings still improve"
        if "longer" in measured:
            reading += f": train about {measured['longer']:.2g} times as long"
    if short(measured):
        reading = "too few to judge by"
    return Finding("updates", measured["updates"], f"{updates}: {reading}")


def _hub(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    share = measured["largest_hub"]
    reading = "no hub" if share < HUB else f"one sample is a neighbour of {share:.0%} of the others"
    return Finding("largest_hub", share, reading, {"none": 0.0, "all": 1.0})


def _dead(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    share = measured["dead_share"]
    reading = f"{share:.0%} of the dimensions do not vary" if share > 0 else "all dimensions vary"
    healthy = False if _holds(DEAD, measured) else None
    return Finding("dead_share", share, reading, {"none": 0.0, "all": 1.0}, healthy)


def _longest(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    value = measured["longest"]
    reading = "lengths are alike"
    if value > LONG:
        count = f"{measured['long_rows']:,.0f}"
        reading = f"{count} rows are over {LONG:.0f} times as long as the median"
    return Finding("longest", value, reading, {"equal": 1.0})
