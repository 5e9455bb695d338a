"""Confidence intervals of differences over a few seeds."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

from nearfar.probes._student import student_quantile

__all__ = ["Interval", "paired_interval"]


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
    reach = error * student_quantile(len(differences) - 1, confidence=confidence)
    return Interval(mean, mean - reach, mean + reach)
