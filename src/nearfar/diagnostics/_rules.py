"""The rules of the verdict: which verdicts hold for a set of measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from nearfar._verdict_names import (
    COMPLETE,
    DEAD,
    DIMENSIONAL,
    DUPLICATES,
    FEW_POINTS,
    HEALTHY,
    LOST_REPRESENTATION,
    LOW_DIMENSION,
    NO_BETTER,
    NO_COLLAPSE,
    NOT_FOUND,
    NOT_YET,
    NOTHING,
    OVER_TRAINED,
    SHARED_SMALL,
    SHORTCUT,
    TOO_STRONG,
    gravest_first,
)

__all__ = [
    "AT_CHANCE",
    "UNRELATED",
    "at_chance",
    "few_directions",
    "gained",
    "lost_representation",
    "moving",
    "one_point",
    "short",
    "too_strong",
    "verdicts",
]

Measured = Mapping[str, float]

AT_CHANCE: Final = 0.98  # of the chance loss; untrained encoders are within 1 % of it
UNRELATED: Final = 0.9  # relative alignment; unrelated views have 1
_ALIGNED: Final = 0.5  # relative alignment below which views clearly agree
_WEAK: Final = 0.75  # above, less than a quarter of the variance is shared by the views
_ONE_POINT, _NARROW, _CONSTANT = 0.1, 0.25, 1e-3  # of m_r
_CENTER: Final = 0.01  # of m_r, above which structure around a common centre is no rounding
_FOUND: Final = 0.9  # order of retrieval above which views single out their sample
_FEW_DIRECTIONS, _STEEP, _CLIFF = 0.05, 0.25, 0.8  # of the isotropic rank; of lost directions
_RAISED: Final = 0.5  # cosine of two views above that of different samples
_FEW_POINTS: Final = 0.3  # different points per sample
_CONFUSED: Final = 0.25  # 0.5 if nothing distinguishes samples on a point
_LOW, _FREE = 1.7, 10  # intrinsic dimension; dimensions that could have been used
_REPEATED: Final = 0.1  # of the samples
_DEAD: Final = 0.4  # of the dimensions
_NAMED: Final = 0.5  # recall by raw inputs; 0.06 to 0.42 with views that train an encoder well
_CERTAIN: Final = 0.99  # order by raw inputs, where the gallery is too small for recall
_GALLERY: Final = 50
_BLIND: Final = 0.6  # order of retrieval, of which 0.5 is chance
_ROOM: Final = 1.0  # mean log rank of the untrained encoder below which little can be gained
_GAINED: Final = 0.29  # of that log rank; 0.27 in runs worse than untrained, 0.31 in better ones
_ERRORS: Final = 2.0  # standard errors that a difference must exceed
_TREND: Final = 4.0  # the same for a trend, whose noise is estimated from few values
_FALLS, _RISES, _FELL = 0.1, 0.02, 0.05  # of the fall of the loss so far; of the order
_SHORT: Final = 30  # updates


def one_point(measured: Measured) -> bool:
    """Whether rows nearly coincide, with no structure around their common centre."""
    m_r, agreement = measured["m_r"], measured.get("relative_alignment", 1.0)
    if m_r < _ONE_POINT:
        structured = agreement < _ALIGNED and measured.get("order", 0.0) > _FOUND
        return not (structured and m_r >= _CENTER)
    return m_r < _NARROW and agreement >= _ALIGNED


def at_chance(measured: Measured) -> bool:
    """Whether the loss is at chance, and no high temperature hides that views agree."""
    if not {"loss", "chance"} <= measured.keys():
        return False
    gap = (measured.get("random_distance", 0.0) - measured.get("alignment", 0.0)) / 2
    return measured["loss"] >= AT_CHANCE * measured["chance"] and gap < _RAISED


def few_directions(measured: Measured, *, of: str = "") -> bool:
    """Whether directions are lost: a very low rank, or a low rank with a drop in the spectrum."""
    rank = measured[f"{of}spherical_rank"] / measured[f"{of}isotropic_rank"]
    return rank < _FEW_DIRECTIONS or (rank < _STEEP and measured[f"{of}lost_share"] >= _CLIFF)


def lost_representation(measured: Measured) -> bool:
    """Whether the representation has lost its directions."""
    known = "representation_spherical_rank" in measured
    return known and few_directions(measured, of="representation_")


def _few_points(measured: Measured) -> bool:
    few = measured.get("distinct_share", 1.0) < _FEW_POINTS
    return few and measured.get("confused", 0.5) > _CONFUSED


def _low_dimension(measured: Measured) -> bool:
    used = measured.get("intrinsic_dimension", _FREE)
    return used < _LOW and measured["free_dimensions"] >= _FREE


def _identical(measured: Measured) -> bool:
    return measured.get("alignment", 1.0) == 0 and measured["random_distance"] > 0


def _shortcut(measured: Measured) -> bool:
    """Whether raw inputs suffice to find the other view, though they should not."""
    if measured.get("recognizable") or "raw_order" not in measured:
        return False
    by_recall = measured.get("gallery", 0.0) >= _GALLERY and measured["raw_recall_1"] >= _NAMED
    return by_recall or measured["raw_order"] >= _CERTAIN


def too_strong(measured: Measured) -> bool:
    """Whether nothing finds the other view: inputs, the untrained encoder, the trained one."""
    known = ("raw_order", "untrained_order", "representation_order")
    return all(measured.get(name, 1.0) < _BLIND for name in known)


def gained(measured: Measured) -> bool | None:
    """Whether the other view is found better than before training; None if that is not known."""
    before = measured.get("untrained_log_rank", 0.0)
    if before < _ROOM:
        return None
    clear = measured["rank_gain"] > _ERRORS * measured["rank_gain_error"]
    return clear and measured["rank_gain"] >= _GAINED * before


def moving(measured: Measured) -> bool:
    """Whether readings still improve: the loss, or the order of retrieval."""
    fall = measured.get("loss_first", 0.0) - measured.get("loss_last", 0.0)
    falls = -measured.get("loss_recent", 0.0)
    if "chance" in measured and falls > _FALLS * fall > 0:
        return falls > _TREND * measured["loss_noise"]
    rises = measured.get("representation_order_recent", 0.0)
    return rises > max(_RISES, _TREND * measured.get("representation_order_noise", 0.0))


def short(measured: Measured) -> bool:
    """Whether there were too few updates to judge."""
    return 0 < measured.get("updates", 0.0) < _SHORT


def _left_the_start(measured: Measured) -> bool:
    """Whether projections have come closer together than those of the untrained encoder."""
    return measured["m_r"] < measured.get("untrained_m_r", 1.0) / 2


def _over_trained(measured: Measured) -> bool:
    fell = measured.get("representation_order_peak", 0.0) - measured.get(
        "representation_order_last", 0.0
    )
    return fell > max(_FELL, _TREND * measured.get("representation_order_noise", 0.0))


_RULES: Final[Mapping[str, Callable[[Measured], bool]]] = {
    SHORTCUT: _shortcut,
    LOST_REPRESENTATION: lost_representation,
    FEW_POINTS: _few_points,
    DIMENSIONAL: few_directions,
    LOW_DIMENSION: _low_dimension,
    DEAD: lambda measured: measured.get("dead_share", 0.0) >= _DEAD,
    DUPLICATES: lambda measured: (
        measured.get("repeated_share", 0.0) >= _REPEATED or _identical(measured)
    ),
}


_OF_VIEWS: Final[Mapping[str, Callable[[Measured], bool]]] = {
    NO_BETTER: lambda measured: gained(measured) is False,
    NOT_FOUND: lambda measured: measured.get("order", 1.0) < _BLIND,
    SHARED_SMALL: lambda measured: measured["relative_alignment"] >= _WEAK,
    OVER_TRAINED: _over_trained,
}
"""Rules for methods that train views of a sample to agree."""

_PASSING: Final = {COMPLETE, NOTHING, DIMENSIONAL, NO_BETTER, NOT_FOUND, SHARED_SMALL}
"""What is also seen at the start of training, and may pass."""


def verdicts(measured: Measured, *, positives: bool = True) -> tuple[str, ...]:
    """The verdicts that hold, gravest first; ``healthy`` or ``no collapse seen`` if none does.

    Args:
        measured: Measurements by name, as of :func:`nearfar.diagnostics.health`.
        positives: Whether views of a sample are trained to agree.
    """
    found = _now(measured, positives=positives)
    if short(measured) or moving(measured):
        # a collapse takes projections together, and does not pass
        early = short(measured) and not _left_the_start(measured)
        if early or COMPLETE not in found:
            found = {name for name in found if not (early and name in _PASSING)} | {NOT_YET}
    agreement = measured.get("relative_alignment")
    return gravest_first(found) or (NO_COLLAPSE if agreement is None else HEALTHY,)


def _now(measured: Measured, *, positives: bool) -> set[str]:
    """The verdicts that hold for the encoder as it is."""
    agreement = measured.get("relative_alignment")
    distinct = agreement is not None and agreement < UNRELATED
    stuck = at_chance(measured)
    strong = {TOO_STRONG} if positives and too_strong(measured) else set()
    if one_point(measured) and not (stuck and distinct and measured["m_r"] >= _CONSTANT):
        return strong | {COMPLETE}
    found = strong | {name for name, holds in _RULES.items() if holds(measured)}
    if stuck or (positives and agreement is not None and not distinct):
        return found | {NOTHING}
    if positives and agreement is not None:
        found |= {name for name, holds in _OF_VIEWS.items() if holds(measured)}
    return found
