"""Findings: each measurement with its reference values and its interpretation."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Final

from nearfar._signs import minus
from nearfar.records import Finding

__all__ = [
    "AT_CHANCE",
    "CROWDED",
    "RAISED",
    "UNRELATED",
    "findings",
    "lost_directions",
    "number",
    "one_point",
]

ONE_POINT: Final = 0.1
NARROW: Final = 0.25
CROWDED: Final = 0.5
FEW_DIRECTIONS: Final = 0.05
STEEP: Final = 0.25
CLIFF: Final = 0.8
UNRELATED: Final = 0.9
ALIGNED: Final = 0.5
AT_CHANCE: Final = 0.98
RAISED: Final = 0.5
USED: Final = 0.5


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
        "effective_rank": _rank,
        "representation_rank": _representation,
    }
    return tuple(make(measured, samples, dim) for name, make in makers.items() if name in measured)


def _loss(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    loss, chance = measured["loss"], measured.get("chance")
    if chance is None:
        return Finding("loss", loss, "this objective has no chance level")
    stuck = loss >= AT_CHANCE * chance
    reading = "at chance: views are not distinguished from negatives" if stuck else "below chance"
    return Finding("loss", loss, reading, {"chance": chance}, not stuck)


def _alignment(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    value, far = measured["alignment"], measured["random_distance"]
    anchors = {"identical": 0.0, "other samples": far, "unrelated and uniform": 2.0}
    if value == 0 and far > 0:
        return Finding("alignment", value, "the two views are identical", anchors)
    ratio = measured["relative_alignment"]
    return Finding("alignment", value, _agreement(ratio), anchors, ratio < UNRELATED)


def _agreement(ratio: float) -> str:
    if ratio < ALIGNED:
        return "views agree"
    return "views agree weakly" if ratio < UNRELATED else "views are no closer than other samples"


def _relative(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    ratio = measured["relative_alignment"]
    anchors = {"identical": 0.0, "unrelated": 1.0}
    return Finding("relative_alignment", ratio, _agreement(ratio), anchors, ratio < UNRELATED)


def _uniformity(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    value, least = measured["uniformity"], measured["uniformity_minimum"]
    share = value / least
    if share >= USED:
        reading = "samples cover the sphere"
    else:
        part = "part" if share >= 0.05 else "very little"
        reading = f"samples cover {part} of the sphere"
    anchors = {"collapsed": 0.0, "uniform": least}
    return Finding("uniformity", value, reading, anchors, True if share >= USED else None)


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


def one_point(measured: Mapping[str, float]) -> bool:
    """Whether rows nearly coincide, or are close while views of a sample are not much closer."""
    if measured["m_r"] < ONE_POINT:
        return True
    return measured["m_r"] < NARROW and measured.get("relative_alignment", 1.0) >= ALIGNED


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
        False if share < ONE_POINT else None,
    )


def _rank(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    rank, isotropic = measured["effective_rank"], measured["isotropic_rank"]
    few = lost_directions(measured)
    share = f"{rank / isotropic:.0%} of the isotropic value"
    reading = "few directions carry the variance" if few else share
    anchors = {"collapsed": 1.0, "isotropic": isotropic}
    return Finding("effective_rank", rank, reading, anchors, not few)


def lost_directions(measured: Mapping[str, float]) -> bool:
    """Whether directions are lost: a very low rank, or a low rank with a drop in the spectrum."""
    share = measured["effective_rank"] / measured["isotropic_rank"]
    return share < FEW_DIRECTIONS or (share < STEEP and measured["lost_share"] >= CLIFF)


def _representation(measured: Mapping[str, float], samples: int, dim: int) -> Finding:
    rank, isotropic = measured["representation_rank"], measured["representation_isotropic_rank"]
    share = rank / isotropic
    anchors = {"collapsed": 1.0, "isotropic": isotropic}
    reading = f"before the projector: {share:.0%} of the isotropic value"
    order = False if share < FEW_DIRECTIONS else None
    return Finding("representation_rank", rank, reading, anchors, order)
