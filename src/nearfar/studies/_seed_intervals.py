"""Confidence intervals of differences over a few seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

__all__ = ["Interval", "paired_interval", "t_quantile"]

_HALVINGS = 60


class Interval(NamedTuple):
    """A mean and its confidence interval."""

    mean: float
    low: float
    high: float


def paired_interval(
    values: Sequence[float], others: Sequence[float], *, confidence: float = 0.95
) -> Interval | None:
    """Mean difference of two measurements of the same seeds, with Student's t interval.

    Args:
        values: One value per seed.
        others: The values to subtract, of the same seeds in the same order.
        confidence: Confidence of the interval, between 0 and 1.

    Returns:
        None for fewer than two seeds, or seeds that cannot be paired.

    Example:
        >>> [round(x, 2) for x in paired_interval([5.0, 6.0, 7.0], [1.0, 2.0, 2.0])]
        [4.33, 2.9, 5.77]
    """
    if len(values) != len(others) or len(values) < 2:
        return None
    differences = [value - other for value, other in zip(values, others, strict=True)]
    mean = statistics.fmean(differences)
    error = statistics.stdev(differences) / math.sqrt(len(differences))
    reach = error * t_quantile((1 + confidence) / 2, len(differences) - 1)
    return Interval(mean, mean - reach, mean + reach)


def t_quantile(probability: float, freedom: int) -> float:
    """Quantile of Student's t distribution for a whole number of degrees of freedom.

    Args:
        probability: Between ½ and 1.
        freedom: Degrees of freedom, at least 1.

    Example:
        >>> round(t_quantile(0.975, 2), 4)
        4.3027
    """
    low, high = 0.0, math.pi / 2  # of the angle arctan(t / √freedom)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if (1 + _central_share(middle, freedom)) / 2 < probability:
            low = middle
        else:
            high = middle
    return math.sqrt(freedom) * math.tan(low)


def _central_share(angle: float, freedom: int) -> float:
    """Probability that |T| < √freedom · tan(angle): Abramowitz and Stegun, 26.7.3 and 26.7.4."""
    cosine = math.cos(angle)
    odd = freedom % 2
    term = cosine if odd else 1.0
    total = term if freedom > 1 else 0.0
    for k in range(3 if odd else 2, freedom - 1, 2):
        term *= (k - 1) / k * cosine**2
        total += term
    if odd:
        return 2 / math.pi * (angle + math.sin(angle) * total)
    return math.sin(angle) * total
