"""Remedies of views: weaker augmentation, so that views of a sample share more."""

from __future__ import annotations

from collections.abc import Sequence

from nearfar._verdict_names import (
    DIMENSIONAL,
    NO_BETTER,
    NOT_FOUND,
    NOTHING,
    SHARED_SMALL,
    TOO_STRONG,
)
from nearfar.records import Remedy
from nearfar.records._remedy_record import lowered, raised

__all__ = ["larger_crops", "weaker"]

_AGAINST = (NOTHING, DIMENSIONAL, TOO_STRONG, NO_BETTER, NOT_FOUND, SHARED_SMALL)


def weaker(
    option: str, now: float | Sequence[float], *, what: str, least: float = 0.0
) -> tuple[Remedy, ...]:
    """Half of a strength or probability, but not below `least`; nothing if it is not above that.

    Args:
        option: Name of the setting.
        now: Its value, or one value per view.
        what: What is weakened: "the noise".
        least: Smallest value suggested.

    Example:
        >>> [str(remedy) for remedy in weaker("erase", 0.2, what="the erasing of words")]
        ['weaken the erasing of words, so that views share more: --views.erase 0.1 (now 0.2)']
        >>> weaker("erase", 0.0, what="the erasing of words")
        ()
    """
    values = [now] if isinstance(now, (int, float)) else [*now]
    if not values or max(values) <= least:
        return ()
    halves = tuple(lowered(v, by=2, least=least) if v > least else v for v in values)
    single = isinstance(now, (int, float))
    weakened = Remedy(
        option=option,
        now=now if isinstance(now, (int, float)) else tuple(now),
        to=halves[0] if single else halves,
        why=f"weaken {what}, so that views share more",
        against=_AGAINST,
        table="views",
    )
    return (weakened,)


def larger_crops(option: str, now: tuple[float, float], *, most: float = 0.5) -> tuple[Remedy, ...]:
    """Twice the smallest fraction that a crop keeps, but not above `most`.

    Example:
        >>> [remedy.flag for remedy in larger_crops("crop_scale", (0.08, 1.0))]
        ['--views.crop-scale 0.16 1']
    """
    low, high = now
    larger = raised(float(low), by=2, most=min(most, high))
    if larger is None:
        return ()
    kept = Remedy(
        option=option,
        now=(float(low), float(high)),
        to=(larger, float(high)),
        why="keep more of a sample in a crop, so that views share more",
        against=_AGAINST,
        table="views",
    )
    return (kept,)
