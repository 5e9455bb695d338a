"""Statistics of the values of images: extremes, a sample, and values far outside all others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = ["Outside", "Parts", "Survey", "count_outside", "is_known", "survey"]

Parts: TypeAlias = Callable[[], Iterable[tuple[int, NDArray[Any]]]]
"""Yields the images in pieces: the position of the first one, and images × …, on every call."""

SAMPLED = 1 << 17  # values
GAP = 10  # smallest gap to the other values, in units of their range
FEW_FAR = 1e-3  # largest fraction of values that are far, unless they are a few distinct ones
DISTINCT_FAR = 4
ISOLATED = 0.1  # the same for numbers that usually mark missing values
MARKS = (
    *(999, 9999, 99999, 999999, 32767, 32768, 65535, 2**31 - 1, 2**31, 2**32 - 1),
    *(1e20, 1e30, 1e36, float(np.float32(1e20)), float(np.finfo(np.float32).max)),
    *(float(np.finfo(np.float64).max), float(np.float32(1e30)), float(np.float32(1e36))),
)
MOST_COUNTED = 1_000  # distinct values outside the range


@dataclass(frozen=True)
class Survey:
    """The values of images.

    Attributes:
        low: Smallest value.
        high: Largest value.
        whole: Whether the values are integers or booleans.
        sample: Values drawn from all images with a fixed seed, sorted.
        broken: Positions of images with infinite or undefined values that are not missing values.
        missing: Number of missing values.
        wide: Whether the type of the values has more than 16 bits.
    """

    low: float
    high: float
    whole: bool
    sample: NDArray[np.float64]
    broken: tuple[int, ...] = ()
    missing: int = 0
    wide: bool = False

    @property
    def empty(self) -> bool:
        """Whether there is no value but missing ones."""
        return self.low > self.high

    def between(self, low: float, high: float) -> Survey:
        """The survey of the values within these limits, which are the new extremes."""
        kept = self.sample[(self.sample >= low) & (self.sample <= high)]
        return replace(self, low=low, high=high, sample=kept)

    def central(self) -> tuple[float, float]:
        """The interval that contains 99 % of the values, with equal tails."""
        low, high = np.quantile(self.sample, (0.005, 0.995)) if len(self.sample) else (0.0, 0.0)
        return float(low), float(high)

    def near(self) -> tuple[float, float] | None:
        """Limits beyond which values are isolated and far from all others; None without such.

        >>> values = np.linspace(0, 1, 100)
        >>> Survey(-9999, 1, False, values).near()
        (-10.0, 11.0)
        >>> Survey(0, 1, False, values).near() is None
        True
        """
        every, counts = np.unique(
            np.concatenate([self.sample, [self.low, self.high]]), return_counts=True
        )
        first, last = 0, len(every)
        while (found := _core(every[first:last], counts[first:last])) is not None:
            first, last = first + found[0], first + found[1]
        if (first, last) == (0, len(every)):
            return None
        low, high = float(every[first]), float(every[last - 1])
        reach = GAP * (high - low)
        below, above = low - reach, high + reach
        if first > 0:
            below = max(below, (low + float(every[first - 1])) / 2)
        if last < len(every):
            above = min(above, (high + float(every[last])) / 2)
        return below, above


@dataclass(frozen=True)
class Outside:
    """Values outside a range.

    Attributes:
        count: Number of these values.
        total: Number of all values that are not missing.
        low: Smallest of all values within the range.
        high: Largest of all values within the range.
        common: The most common of these values, each with its number.
        position: Position of the first image with such a value.
    """

    count: int
    total: int
    low: float
    high: float
    common: tuple[tuple[float, int], ...]
    position: int


def is_known(values: NDArray[Any], missing: float | None) -> NDArray[np.bool_] | None:
    """Where values are not missing; None if all are known.

    >>> is_known(np.array([1, -9999]), -9999.0).tolist()
    [True, False]
    """
    if missing is None or (np.isnan(missing) and values.dtype.kind != "f"):
        return None
    known = ~np.isnan(values) if np.isnan(missing) else values != missing
    return None if bool(known.all()) else known


def survey(parts: Parts, *, total: int, missing: float | None = None) -> Survey:
    """Go through all values once.

    Args:
        parts: The images.
        total: Number of all values.
        missing: Value that marks missing ones, which are not counted.
    """
    random, gone = np.random.default_rng(0), 0
    low, high, whole, wide = np.inf, -np.inf, True, False
    sampled: list[NDArray[np.float64]] = []
    broken: list[int] = []
    for first, rows in parts():
        whole &= rows.dtype.kind in "bui"
        wide |= rows.dtype.itemsize > 2
        known = is_known(rows, missing)
        if rows.dtype.kind == "f":
            sound = np.isfinite(rows) if known is None else np.isfinite(rows) | ~known
            bad = np.flatnonzero(~sound.reshape(len(rows), -1).all(1))
            if len(bad):
                broken += (first + bad).tolist()
                continue
        values = rows.reshape(-1) if known is None else rows[known]
        gone += rows.size - len(values)
        if not len(values):
            continue
        low, high = min(low, float(values.min())), max(high, float(values.max()))
        drawn = min(len(values), -(-SAMPLED * len(values) // max(total, 1)))
        picked = random.integers(0, len(values), drawn)
        sampled.append(values[picked].astype(np.float64))
    together = np.sort(np.concatenate(sampled)) if sampled else np.zeros(0)
    return Survey(low, high, whole, together, tuple(broken), gone, wide)


def count_outside(
    parts: Parts, low: float, high: float, missing: float | None = None
) -> Outside | None:
    """Count the values outside a range; None if there are none."""
    count, total, position = 0, 0, -1
    inner_low, inner_high = np.inf, -np.inf
    numbers: Counter[float] = Counter()
    for first, rows in parts():
        known = is_known(rows, missing)
        values = rows if known is None else rows[known]
        inside = (values >= low) & (values <= high)
        total += values.size
        kept, out = values[inside], values[~inside]
        if kept.size:
            inner_low = min(inner_low, float(kept.min()))
            inner_high = max(inner_high, float(kept.max()))
        if not out.size:
            continue
        count += out.size
        for value, times in zip(*np.unique(out, return_counts=True), strict=True):
            if len(numbers) < MOST_COUNTED or float(value) in numbers:
                numbers[float(value)] += int(times)
        if position < 0:
            beyond = (rows < low) | (rows > high)
            beyond = beyond if known is None else beyond & known
            position = first + int(np.argmax(beyond.reshape(len(rows), -1).any(1)))
    if not count:
        return None
    return Outside(count, total, inner_low, inner_high, tuple(numbers.most_common(3)), position)


def _core(values: NDArray[np.float64], counts: NDArray[np.int64]) -> tuple[int, int] | None:
    """First and last index of the values without those that are far from all others."""
    gaps = np.diff(values)
    for number in range(1, min(7, len(gaps) + 1)):
        largest = np.sort(np.argsort(gaps, kind="stable")[-number:])
        bounds = [0, *(largest + 1).tolist(), len(values)]
        first, last = max(_pairs(bounds), key=lambda pair: pair[1] - pair[0])
        width = values[last - 1] - values[first]
        sides = [(0, first, first - 1), (last, len(values), last - 1)]
        removed = [(start, end, gap) for start, end, gap in sides if end > start]
        if last - first >= 3 and all(
            (gaps[gap] > GAP * width or _are_marks(values[start:end], gaps[gap], width))
            and (end - start <= DISTINCT_FAR or counts[start:end].sum() <= FEW_FAR * counts.sum())
            for start, end, gap in removed
        ):
            return first, last
    return None


def _are_marks(values: NDArray[np.float64], gap: float, width: float) -> bool:
    """Whether values are isolated and all of them are numbers that usually mark missing ones."""
    return bool(gap > ISOLATED * width and np.isin(np.abs(values), MARKS).all())


def _pairs(bounds: list[int]) -> Iterator[tuple[int, int]]:
    return pairwise(bounds)
