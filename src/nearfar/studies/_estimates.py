"""Estimates of an effect: its interval, p-values, and the number of seeds that would decide."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol, final, runtime_checkable

import numpy as np

from nearfar._student_t import student_quantile, student_tail

__all__ = ["Estimate", "NormalEstimate", "SignFlips", "of_seeds", "seeds_to_decide"]

_POWER = 0.8
_MOST_SEEDS = 10_000
_ALL_FLIPS = 16  # seeds up to which all sign patterns are enumerated
_HALVINGS = 60


@runtime_checkable
class Estimate(Protocol):
    """An estimated effect.

    Attributes:
        value: The estimate.
        seeds: Number of seeds.
        label: What was estimated, for one of several effects of a claim.
    """

    @property
    def value(self) -> float: ...

    @property
    def seeds(self) -> int: ...

    @property
    def label(self) -> str: ...

    def interval(self, confidence: float) -> tuple[float, float] | None:
        """The interval of the effect; None if there is too little to tell."""

    def exceeds(self, threshold: float) -> float:
        """One-sided p-value of an effect of at most `threshold`."""

    def falls_below(self, threshold: float) -> float:
        """One-sided p-value of an effect of at least `threshold`."""

    def needed(self, distance: float, *, confidence: float) -> int | None:
        """Seeds after which the interval is shorter than a distance, with 80 % power."""


@final
@dataclass(frozen=True)
class NormalEstimate:
    """An estimate with a standard error, and Student's t interval.

    Attributes:
        value: The estimate.
        error: Standard error; 0 for an exact value, NaN if unknown.
        freedom: Degrees of freedom of the standard error.
        seeds: Number of seeds.
        label: What was estimated.
        back: Function from the scale of the estimate to that of the effect, such as ``math.tanh``
            for a correlation.
        into: Its inverse.
        fixed: Part of the standard error that more seeds do not reduce.
    """

    value: float
    error: float
    freedom: float
    seeds: int = 1
    label: str = ""
    back: Callable[[float], float] = float
    into: Callable[[float], float] = float
    fixed: float = 0.0

    def interval(self, confidence: float) -> tuple[float, float] | None:
        """Student's t interval; None without a standard error.

        Example:
            >>> low, high = of_seeds([1.0, 2.0, 3.0]).interval(0.95)
            >>> round(low, 2), round(high, 2)
            (-0.48, 4.48)
        """
        if math.isnan(self.error):
            return None
        middle = self.into(self.value)
        reach = self.error and self.error * student_quantile(self.freedom, confidence=confidence)
        return self.back(middle - reach), self.back(middle + reach)

    def exceeds(self, threshold: float) -> float:
        """One-sided p-value of an effect of at most `threshold`; 1 without a standard error."""
        distance = self.into(self.value) - self.into(threshold)
        return self._tail(distance)

    def falls_below(self, threshold: float) -> float:
        """One-sided p-value of an effect of at least `threshold`; 1 without a standard error."""
        return self._tail(self.into(threshold) - self.into(self.value))

    def needed(self, distance: float, *, confidence: float) -> int | None:
        """Seeds after which the interval is shorter than a distance, with 80 % power."""
        if self.seeds < 2 or math.isnan(self.error) or self.back is not float or distance <= 0:
            return None
        spread = math.sqrt(max(0.0, self.error**2 - self.fixed**2) * self.seeds)
        normal = student_quantile(math.inf, confidence=confidence)
        taken = self.fixed * (normal + student_quantile(math.inf, confidence=2 * _POWER - 1))
        left = math.sqrt(max(0.0, distance**2 - taken**2))
        return seeds_to_decide(spread, left, confidence=confidence)

    def _tail(self, distance: float) -> float:
        if math.isnan(self.error):
            return 1.0
        if not self.error:
            return 0.0 if distance > 0 else 1.0
        return student_tail(distance / self.error, self.freedom)


@final
@dataclass(frozen=True)
class SignFlips:
    """The mean of differences over seeds, with the exact test of their signs.

    If the differences are symmetric around the effect, each pattern of signs of their deviations
    from it is equally likely. All patterns are enumerated up to 16 seeds; above, 65,536 are drawn.

    Attributes:
        differences: One per seed.
        label: What was estimated.
    """

    differences: tuple[float, ...]
    label: str = ""

    @property
    def value(self) -> float:
        """Mean of the differences."""
        return statistics.fmean(self.differences)

    @property
    def seeds(self) -> int:
        """Number of differences."""
        return len(self.differences)

    def interval(self, confidence: float) -> tuple[float, float] | None:
        """The effects that the test does not reject; None for too few seeds.

        Example:
            >>> [round(end, 2) for end in SignFlips((1.0, 2.0, 2.5, 3.0, 4.0, 5.5)).interval(0.9)]
            [1.75, 4.25]
        """
        tail = (1 - confidence) / 2
        if 2.0**-self.seeds > tail:
            return None
        middle = self.value
        reach = 2 * max(abs(one - middle) for one in self.differences) + 1e-300

        def end(outside: float, p: Callable[[float], float]) -> float:
            inside = middle
            for _ in range(_HALVINGS):
                between = (inside + outside) / 2
                inside, outside = (between, outside) if p(between) > tail else (inside, between)
            return inside

        return end(middle - reach, self.exceeds), end(middle + reach, self.falls_below)

    def exceeds(self, threshold: float) -> float:
        """One-sided p-value of an effect of at most `threshold`.

        Example:
            >>> SignFlips((1.0, 2.0, 3.0)).exceeds(0.0)
            0.125
        """
        return self._share(np.asarray(self.differences) - threshold)

    def falls_below(self, threshold: float) -> float:
        """One-sided p-value of an effect of at least `threshold`."""
        return self._share(threshold - np.asarray(self.differences))

    def needed(self, distance: float, *, confidence: float) -> int | None:
        """Seeds after which Student's interval is shorter than a distance, with 80 % power."""
        if self.seeds < 2:
            return None
        spread = statistics.stdev(self.differences)
        return seeds_to_decide(spread, distance, confidence=confidence)

    def _share(self, deviations: np.ndarray) -> float:
        """Share of the sign patterns whose mean is at least the observed one."""
        sums = self._signs @ deviations
        return float(np.mean(sums >= deviations.sum() - 1e-12 * np.abs(deviations).sum()))

    @cached_property
    def _signs(self) -> np.ndarray:
        seeds = self.seeds
        if seeds <= _ALL_FLIPS:
            patterns = np.arange(2**seeds)[:, None] >> np.arange(seeds) & 1
        else:
            drawn = np.random.default_rng(0).integers(0, 2, size=(2**_ALL_FLIPS - 1, seeds))
            patterns = np.vstack([np.ones((1, seeds), dtype=drawn.dtype), drawn])
        return 2.0 * patterns - 1.0


def of_seeds(differences: Sequence[float], *, label: str = "") -> NormalEstimate:
    """The mean over seeds with its standard error; of one seed without one.

    Args:
        differences: One value per seed.
        label: What was estimated.

    Example:
        >>> found = of_seeds([1.0, 2.0, 3.0])
        >>> round(found.value, 2), round(found.error, 2), found.freedom
        (2.0, 0.58, 2)
    """
    count = len(differences)
    error = math.nan if count < 2 else statistics.stdev(differences) / math.sqrt(count)
    return NormalEstimate(statistics.fmean(differences), error, max(1, count - 1), count, label)


def seeds_to_decide(spread: float, distance: float, *, confidence: float = 0.95) -> int | None:
    r"""Number of seeds whose interval excludes a value at this distance, with a power of 80 %.

    .. math:: n = \min\{n : (t_{1 - α/2, n - 1} + t_{0.8, n - 1})\, s / \sqrt n \le d\}

    Args:
        spread: Standard deviation over seeds.
        distance: Distance of the true effect from the value.
        confidence: Confidence of the interval.

    Returns:
        At least 2; None above 10,000.

    Example:
        >>> seeds_to_decide(1.0, 1.0), seeds_to_decide(1.0, 0.5)
        (10, 34)
    """
    if distance <= 0:
        return None

    def enough(count: int) -> bool:
        width = student_quantile(count - 1, confidence=confidence)
        width += student_quantile(count - 1, confidence=2 * _POWER - 1)
        return width * spread / math.sqrt(count) <= distance

    if not enough(_MOST_SEEDS):
        return None
    low, high = 1, _MOST_SEEDS
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
