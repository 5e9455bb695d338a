"""Metrics of a run as curves, thinned out for drawing."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import fmean
from typing import Literal, TypeAlias, TypeGuard, TypeVar

from nearfar.records import Metrics, TrainMetrics, WatchMetrics

__all__ = ["POINTS", "Series", "Unit", "curve", "drawable", "last", "smooth", "thin", "unit_of"]

POINTS = 1_000
"""Maximum number of points of a drawn curve."""


@dataclass(frozen=True)
class Series:
    """One quantity over the run."""

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.y)


def thin(series: Series, *, points: int = POINTS) -> Series:
    """At most `points` points: the minimum and maximum of each interval, so no spike is lost.

    The first and the last point are always kept.

    Example:
        >>> spiked = Series(list(range(10_000)), [0.0] * 5_000 + [9.0] + [0.0] * 4_999)
        >>> thinned = thin(spiked)
        >>> len(thinned.y) <= 1_000, max(thinned.y), thinned.x[-1]
        (True, 9.0, 9999)
    """
    size = len(series.y)
    if size <= points:
        return series
    stretches = points // 2 - 1
    kept = {0, size - 1}
    for part in range(stretches):
        indices = range(part * size // stretches, (part + 1) * size // stretches)
        kept.add(min(indices, key=series.y.__getitem__))
        kept.add(max(indices, key=series.y.__getitem__))
    order = sorted(kept)
    return Series([series.x[i] for i in order], [series.y[i] for i in order])


def smooth(series: Series, *, share: float = 0.03, points: int = POINTS) -> Series:
    """Running mean over a fraction `share` of the curve, evaluated at up to `points` positions.

    Windows are centred and truncated at the ends.

    Example:
        >>> smooth(Series([0.0, 1.0, 2.0], [0.0, 3.0, 0.0]), share=0.5).y
        [1.5, 1.0, 1.5]
    """
    size = len(series.y)
    half = max(1, round(size * share / 2))
    places: Sequence[int] = range(size)
    if size > points:
        places = [round(part * (size - 1) / (points - 1)) for part in range(points)]
    windows = (series.y[max(0, place - half) : place + half + 1] for place in places)
    return Series([series.x[place] for place in places], [fmean(window) for window in windows])


Line = TypeVar("Line", TrainMetrics, WatchMetrics)
Unit: TypeAlias = Literal["epoch", "step"]


def unit_of(metrics: Metrics) -> Unit:
    """Unit of the horizontal axis: epochs if every line of metrics has one, else updates."""
    epochs = [line.epoch for line in metrics.train] + [line.epoch for line in metrics.watch]
    return "epoch" if all(drawable(epoch) for epoch in epochs) else "step"


def curve(
    lines: Sequence[Line], value: Callable[[Line], float | None], *, unit: Unit = "epoch"
) -> Series:
    """The finite values of a metric over epochs or updates.

    Example:
        >>> lines = [TrainMetrics(step=2, loss=3.0), TrainMetrics(step=4, loss=float("nan"))]
        >>> curve(lines, lambda line: line.loss, unit="step")
        Series(x=[2.0], y=[3.0])
    """
    series = Series()
    for line in lines:
        x: float | None = line.epoch if unit == "epoch" else line.step
        y = value(line)
        if drawable(x) and drawable(y):
            series.x.append(float(x))
            series.y.append(float(y))
    return series


def last(lines: Sequence[Line], value: Callable[[Line], float | None]) -> float | None:
    """The last finite value, or None."""
    found = (value(line) for line in reversed(lines))
    return next((float(y) for y in found if drawable(y)), None)


def drawable(value: float | None) -> TypeGuard[float]:
    """Whether a value can be drawn; sums of values beyond 1e100 could overflow."""
    return value is not None and bool(abs(value) < 1e100)
