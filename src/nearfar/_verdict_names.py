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
    "NO_COLLAPSE",
    "SHARED_SMALL",
    "VERDICTS",
    "gravest_first",
    "is_good",
]

COMPLETE: Final = "complete collapse"
NOTHING: Final = "nothing learnt (loss at chance)"
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
    COMPLETE,
    NOTHING,
    LOST_REPRESENTATION,
    FEW_POINTS,
    DIMENSIONAL,
    LOW_DIMENSION,
    SHARED_SMALL,
    DEAD,
    DUPLICATES,
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
