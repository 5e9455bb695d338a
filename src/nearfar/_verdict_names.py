"""The verdicts, gravest first, and which of them are alarms."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

__all__ = [
    "COMPLETE",
    "DEAD",
    "DIMENSIONAL",
    "DUPLICATES",
    "FEW_POINTS",
    "HEALTHY",
    "LOST_REPRESENTATION",
    "LOW_DIMENSION",
    "NOTHING",
    "NOT_FOUND",
    "NOT_YET",
    "NO_BETTER",
    "NO_COLLAPSE",
    "OVER_TRAINED",
    "SHARED_SMALL",
    "SHORTCUT",
    "TOO_STRONG",
    "VERDICTS",
    "gravest_first",
    "is_good",
]

COMPLETE: Final = "complete collapse"
NOTHING: Final = "nothing learnt (loss at chance)"
SHORTCUT: Final = "shortcut suspected"
TOO_STRONG: Final = "views too strong"
NO_BETTER: Final = "no better than untrained"
NOT_FOUND: Final = "partners not retrieved"
OVER_TRAINED: Final = "over-trained"
NOT_YET: Final = "not yet"
LOST_REPRESENTATION: Final = "representation lost"
FEW_POINTS: Final = "few points"
DIMENSIONAL: Final = "dimensional collapse"
LOW_DIMENSION: Final = "low intrinsic dimension"
SHARED_SMALL: Final = "little shared between views"
DEAD: Final = "dead dimensions"
DUPLICATES: Final = "duplicates"
HEALTHY: Final = "healthy"
NO_COLLAPSE: Final = "no collapse seen"

VERDICTS: Final = (
    TOO_STRONG,
    COMPLETE,
    NOTHING,
    SHORTCUT,
    LOST_REPRESENTATION,
    FEW_POINTS,
    DIMENSIONAL,
    LOW_DIMENSION,
    NO_BETTER,
    NOT_FOUND,
    SHARED_SMALL,
    DEAD,
    DUPLICATES,
    OVER_TRAINED,
    NOT_YET,
    HEALTHY,
    NO_COLLAPSE,
)
"""All verdicts, gravest first."""


def is_good(verdict: str) -> bool:
    """Whether a verdict is no alarm: ``healthy``, or ``no collapse seen``.

    >>> is_good("no collapse seen"), is_good("few points")
    (True, False)
    """
    return verdict in (HEALTHY, NO_COLLAPSE)


def gravest_first(verdicts: Iterable[str]) -> tuple[str, ...]:
    """Verdicts in the order of their gravity.

    >>> gravest_first(["duplicates", "few points"])
    ('few points', 'duplicates')
    """
    return tuple(sorted(verdicts, key=VERDICTS.index))
