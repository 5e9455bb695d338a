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
    NO_COLLAPSE,
    NOTHING,
    SHARED_SMALL,
    gravest_first,
)

__all__ = [
    "AT_CHANCE",
    "UNRELATED",
    "at_chance",
    "few_directions",
    "lost_representation",
    "one_point",
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


_RULES: Final[Mapping[str, Callable[[Measured], bool]]] = {
    LOST_REPRESENTATION: lost_representation,
    FEW_POINTS: _few_points,
    DIMENSIONAL: few_directions,
    LOW_DIMENSION: _low_dimension,
    DEAD: lambda measured: measured.get("dead_share", 0.0) >= _DEAD,
    DUPLICATES: lambda measured: (
        measured.get("repeated_share", 0.0) >= _REPEATED or _identical(measured)
    ),
}


def verdicts(measured: Measured, *, positives: bool = True) -> tuple[str, ...]:
    """The verdicts that hold, gravest first; ``healthy`` or ``no collapse seen`` if none does.

    Args:
        measured: Measurements by name, as of :func:`nearfar.diagnostics.health`.
        positives: Whether views of a sample are trained to agree.
    """
    agreement = measured.get("relative_alignment")
    distinct = agreement is not None and agreement < UNRELATED
    stuck = at_chance(measured)
    if one_point(measured) and not (stuck and distinct and measured["m_r"] >= _CONSTANT):
        return (COMPLETE,)
    found = [name for name, holds in _RULES.items() if holds(measured)]
    if stuck or (positives and agreement is not None and not distinct):
        found.append(NOTHING)
    elif positives and agreement is not None and agreement >= _WEAK:
        found.append(SHARED_SMALL)
    return gravest_first(found) or (NO_COLLAPSE if agreement is None else HEALTHY,)
