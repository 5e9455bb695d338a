"""The numbers of ``metrics.jsonl`` as curves, thin enough to be drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean
from typing import Any

__all__ = ["POINTS", "Metrics", "Series", "drawable", "smooth", "thin"]

POINTS = 1_000
"""Most points a drawn curve has."""


@dataclass(frozen=True)
class Series:
    """One quantity over the run."""

    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.y)


def thin(series: Series, *, points: int = POINTS) -> Series:
    """At most `points` points: of each stretch the lowest and the highest, so no spike is lost.

    The first and the last point always stay.

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
    """The mean over a window of `share` of the curve, at most at `points` places.

    Windows are centred, and shorter at the ends.

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


@dataclass(frozen=True)
class Metrics:
    """The lines of one run: what each update and each look at the watched samples said."""

    train: tuple[Mapping[str, Any], ...] = ()
    watch: tuple[Mapping[str, Any], ...] = ()

    @classmethod
    def of(cls, lines: Iterable[Any]) -> Metrics:
        """Sort lines by their kind; what is not an object is passed over."""
        known: dict[str, list[Mapping[str, Any]]] = {"train": [], "watch": []}
        for line in lines:
            if isinstance(line, dict):
                known.get(str(line.get("kind")), []).append(line)
        return cls(tuple(known["train"]), tuple(known["watch"]))

    @cached_property
    def unit(self) -> str:
        """What curves run over: epochs where every line knows its own, else updates."""
        lines = (*self.train, *self.watch)
        return "epoch" if all(drawable(line.get("epoch")) for line in lines) else "step"

    def curve(self, kind: str, name: str, *, unit: str | None = None) -> Series:
        """The finite values of `name` in the lines of `kind`, over `unit` or the run's own."""
        return self._collect(kind, lambda line: line.get(name), unit or self.unit)

    def term(self, name: str) -> Series:
        """The finite values of one term of the loss."""
        return self._collect("train", lambda line: _terms(line).get(name), self.unit)

    def terms(self) -> list[str]:
        """Names of the loss's terms, in the order they appear."""
        return list(dict.fromkeys(name for line in self.train for name in _terms(line)))

    def last(self, name: str) -> float | None:
        """The last finite value the watched samples gave."""
        curve = self.curve("watch", name)
        return curve.y[-1] if curve else None

    def _collect(self, kind: str, value: Callable[[Mapping[str, Any]], Any], unit: str) -> Series:
        series = Series()
        lines: Sequence[Mapping[str, Any]] = self.train if kind == "train" else self.watch
        for line in lines:
            if drawable(line.get(unit)) and drawable(value(line)):
                series.x.append(float(line[unit]))
                series.y.append(float(value(line)))
        return series


def _terms(line: Mapping[str, Any]) -> Mapping[str, Any]:
    terms = line.get("terms")
    return terms if isinstance(terms, dict) else {}


def drawable(value: Any) -> bool:
    """Whether a value can be drawn; what is beyond 1e100 overflows in sums."""
    return isinstance(value, (int, float)) and not isinstance(value, bool) and abs(value) < 1e100
