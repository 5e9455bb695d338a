"""The rules of the verdict: which verdicts hold for a set of measurements."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

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
from nearfar.diagnostics._thresholds import THRESHOLDS, Thresholds

__all__ = [
    "at_chance",
    "enough",
    "few_directions",
    "gained",
    "lost_representation",
    "moving",
    "named_by",
    "one_point",
    "short",
    "too_strong",
    "verdicts",
]

Measured: TypeAlias = Mapping[str, float]

_ALIGNED: Final = 0.5  # relative alignment below which views clearly agree
_ONE_POINT, _NARROW, _CONSTANT = 0.1, 0.25, 1e-3  # of m_r
_CENTER: Final = 0.01  # of m_r, above which structure around a common centre is no rounding
_FOUND: Final = 0.9  # order of retrieval above which views single out their sample
_CLIFF: Final = 0.8  # of lost directions
_RAISED: Final = 0.5  # cosine of two views above that of different samples
_FEW_POINTS: Final = 0.3  # different points per sample
_CONFUSED: Final = 0.25  # 0.5 if nothing distinguishes samples on a point
_LOW, _FREE = 1.7, 10  # intrinsic dimension; dimensions that could have been used
_CURVE: Final = 1.3  # where neighbours are closest; 0.7 to 1 of curves, 7.9 of 8 dimensions
_REPEATED: Final = 0.1  # of the samples
_DEAD: Final = 0.4  # of the dimensions
_CERTAIN: Final = 0.99  # order by raw inputs, where the gallery is too small for recall
_GALLERY: Final = 50
_ERRORS: Final = 2.0  # standard errors that a difference must exceed
_TREND: Final = 4.0  # the same for a trend, whose noise is estimated from few values
_FALLS, _RISES, _FELL = 0.1, 0.02, 0.05  # of the fall of the loss so far; of the order


def one_point(measured: Measured) -> bool:
    """Whether rows nearly coincide, with no structure around their common centre."""
    m_r, agreement = measured["m_r"], measured.get("relative_alignment", 1.0)
    if m_r < _ONE_POINT:
        structured = agreement < _ALIGNED and measured.get("order", 0.0) > _FOUND
        return not (structured and m_r >= _CENTER)
    return m_r < _NARROW and agreement >= _ALIGNED


def at_chance(measured: Measured, limits: Thresholds = THRESHOLDS) -> bool:
    """Whether the loss is at chance, and no high temperature hides that views agree."""
    if not {"loss", "chance"} <= measured.keys():
        return False
    gap = (measured.get("random_distance", 0.0) - measured.get("alignment", 0.0)) / 2
    return measured["loss"] >= limits.at_chance * measured["chance"] and gap < _RAISED


def few_directions(measured: Measured, limits: Thresholds = THRESHOLDS, *, of: str = "") -> bool:
    """Whether directions are lost: a very low rank, or a low rank with a drop in the spectrum."""
    rank = measured[f"{of}spherical_rank"] / measured[f"{of}isotropic_rank"]
    steep = rank < limits.steep and measured[f"{of}lost_share"] >= _CLIFF
    return rank < limits.few_directions or steep


def lost_representation(measured: Measured, limits: Thresholds = THRESHOLDS) -> bool:
    """Whether the representation has lost its directions."""
    known = "representation_spherical_rank" in measured
    return known and few_directions(measured, limits, of="representation_")


def _few_points(measured: Measured, limits: Thresholds) -> bool:
    few = measured.get("distinct_share", 1.0) < _FEW_POINTS
    return few and measured.get("confused", 0.5) > _CONFUSED


def _low_dimension(measured: Measured, limits: Thresholds) -> bool:
    used = measured.get("intrinsic_dimension", _FREE)
    curve = measured.get("closest_dimension", _FREE) < _CURVE
    return (used < _LOW or curve) and measured["free_dimensions"] >= _FREE


def _identical(measured: Measured) -> bool:
    return measured.get("alignment", 1.0) == 0 and measured["random_distance"] > 0


def _shortcut(measured: Measured, limits: Thresholds) -> bool:
    """Whether inputs suffice to find the other view, though they should not."""
    return any(named_by(measured, inputs, limits) for inputs in ("raw", "statistics"))


def named_by(measured: Measured, inputs: str, limits: Thresholds = THRESHOLDS) -> bool:
    """Whether raw inputs, or low-level statistics of them, find the other view of most samples.

    Raw inputs do so in any case where views of a sample share their values (``recognizable``).
    Where there are too few candidates for recall, the order by raw inputs decides.
    """
    limit = limits.telling if inputs == "statistics" else limits.named
    by_recall = enough(measured) and measured.get(f"{inputs}_recall_1", 0.0) >= limit
    if inputs == "statistics":
        return by_recall
    by_order = measured.get("raw_order", 0.0) >= _CERTAIN
    return (by_recall or by_order) and not measured.get("recognizable")


def enough(measured: Measured) -> bool:
    """Whether there are enough candidates for recall."""
    return measured.get("gallery", 0.0) >= _GALLERY


def too_strong(measured: Measured, limits: Thresholds = THRESHOLDS) -> bool:
    """Whether nothing finds the other view: inputs, the untrained encoder, the trained one."""
    known = ("raw_order", "untrained_order", "representation_order")
    return all(measured.get(name, 1.0) < limits.blind for name in known)


def gained(measured: Measured, limits: Thresholds = THRESHOLDS) -> bool | None:
    """Whether the other view is found better than before training; None if that is not known."""
    if measured.get("untrained_overlap", 0.0) >= limits.unmoved:
        return False
    before = measured.get("untrained_log_rank", 0.0)
    if before < limits.room:
        return None
    clear = measured["rank_gain"] > _ERRORS * measured["rank_gain_error"]
    return clear and measured["rank_gain"] >= limits.gained * before


def moving(measured: Measured) -> bool:
    """Whether readings still improve: the loss, or the order of retrieval."""
    fall = measured.get("loss_first", 0.0) - measured.get("loss_last", 0.0)
    falls = -measured.get("loss_recent", 0.0)
    if "chance" in measured and falls > _FALLS * fall > 0:
        return falls > _TREND * measured["loss_noise"]
    rises = measured.get("representation_order_recent", 0.0)
    return rises > max(_RISES, _TREND * measured.get("representation_order_noise", 0.0))


def short(measured: Measured, limits: Thresholds = THRESHOLDS) -> bool:
    """Whether there were too few updates to judge."""
    return 0 < measured.get("updates", 0.0) < limits.short


def _left_the_start(measured: Measured) -> bool:
    """Whether projections have come closer together than those of the untrained encoder."""
    return measured["m_r"] < measured.get("untrained_m_r", 1.0) / 2


def _over_trained(measured: Measured, limits: Thresholds) -> bool:
    fell = measured.get("representation_order_peak", 0.0) - measured.get(
        "representation_order_last", 0.0
    )
    return fell > max(_FELL, _TREND * measured.get("representation_order_noise", 0.0))


_RULES: Final[Mapping[str, Callable[[Measured, Thresholds], bool]]] = {
    SHORTCUT: _shortcut,
    LOST_REPRESENTATION: lost_representation,
    FEW_POINTS: _few_points,
    DIMENSIONAL: few_directions,
    LOW_DIMENSION: _low_dimension,
    DEAD: lambda measured, _: measured.get("dead_share", 0.0) >= _DEAD,
    DUPLICATES: lambda measured, _: (
        measured.get("repeated_share", 0.0) >= _REPEATED or _identical(measured)
    ),
}


_OF_VIEWS: Final[Mapping[str, Callable[[Measured, Thresholds], bool]]] = {
    NO_BETTER: lambda measured, limits: gained(measured, limits) is False,
    NOT_FOUND: lambda measured, limits: measured.get("order", 1.0) < limits.blind,
    SHARED_SMALL: lambda measured, limits: measured["relative_alignment"] >= limits.weak,
    OVER_TRAINED: _over_trained,
}
"""Rules for methods that train views of a sample to agree."""

_PASSING: Final = {COMPLETE, NOTHING, DIMENSIONAL, NO_BETTER, NOT_FOUND, SHARED_SMALL}
"""What is also seen at the start of training, and may pass."""


def verdicts(
    measured: Measured, *, positives: bool = True, limits: Thresholds = THRESHOLDS
) -> tuple[str, ...]:
    """The verdicts that hold, gravest first; ``healthy`` or ``no collapse seen`` if none does.

    Args:
        measured: Measurements by name, as of :func:`nearfar.diagnostics.health`.
        positives: Whether views of a sample are trained to agree.
        limits: Thresholds of the rules.
    """
    found = _now(measured, limits, positives=positives)
    early = short(measured, limits)
    if early or moving(measured):
        # a collapse takes projections together, and does not pass
        early = early and not _left_the_start(measured)
        if early or COMPLETE not in found:
            found = {name for name in found if not (early and name in _PASSING)} | {NOT_YET}
    agreement = measured.get("relative_alignment")
    return gravest_first(found) or (NO_COLLAPSE if agreement is None else HEALTHY,)


def _now(measured: Measured, limits: Thresholds, *, positives: bool) -> set[str]:
    """The verdicts that hold for the encoder as it is."""
    agreement = measured.get("relative_alignment")
    distinct = agreement is not None and agreement < limits.unrelated
    stuck = at_chance(measured, limits)
    strong = {TOO_STRONG} if positives and too_strong(measured, limits) else set()
    if one_point(measured) and not (stuck and distinct and measured["m_r"] >= _CONSTANT):
        return strong | {COMPLETE}
    found = strong | {name for name, holds in _RULES.items() if holds(measured, limits)}
    if stuck or (positives and agreement is not None and not distinct):
        return found | {NOTHING}
    if positives and agreement is not None:
        found |= {name for name, holds in _OF_VIEWS.items() if holds(measured, limits)}
    return found
