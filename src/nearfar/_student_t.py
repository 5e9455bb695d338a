"""Quantiles and tail probabilities of Student's t distribution."""

from __future__ import annotations

import math
from statistics import NormalDist

__all__ = ["student_quantile", "student_tail"]

_HALVINGS = 60
_EXACT = 200  # degrees of freedom up to which the distribution function is summed


def student_quantile(freedom: float, *, confidence: float = 0.95) -> float:
    """Quantile of Student's t for a two-sided interval.

    Exact up to 200 degrees of freedom, then an expansion in their inverse.

    Args:
        freedom: Degrees of freedom, a whole number of at least 1; infinite for the normal
            distribution.
        confidence: Probability of the interval, between 0 and 1.

    Example:
        >>> round(student_quantile(4), 2), round(student_quantile(1_000_000), 2)
        (2.78, 1.96)
    """
    if freedom > _EXACT:
        z = NormalDist().inv_cdf((1 + confidence) / 2)
        if math.isinf(freedom):
            return z
        terms = z, (z**3 + z) / 4, (5 * z**5 + 16 * z**3 + 3 * z) / 96
        return math.fsum(term / freedom**power for power, term in enumerate(terms))
    low, high = 0.0, math.pi / 2  # of the angle arctan(t / √freedom)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _central_share(middle, round(freedom)) < confidence:
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


def student_tail(value: float, freedom: float) -> float:
    """Probability that Student's t exceeds a value.

    Exact up to 200 degrees of freedom, then a normal approximation (Wallace 1959).

    Args:
        value: The value.
        freedom: Degrees of freedom, at least 1; infinite for the normal distribution.

    Example:
        >>> round(student_tail(2.776, 4), 4), round(student_tail(-1.96, math.inf), 3)
        (0.025, 0.975)
    """
    if math.isinf(value):
        return 0.0 if value > 0 else 1.0
    if freedom > _EXACT:
        size = abs(value)
        if not math.isinf(freedom):
            spread = math.sqrt(freedom * math.log1p(size**2 / freedom))
            size = spread * (8 * freedom + 1) / (8 * freedom + 3)
        tail = NormalDist().cdf(-size)
    else:
        angle = math.atan(abs(value) / math.sqrt(freedom))
        tail = (1 - _central_share(angle, round(freedom))) / 2
    return tail if value >= 0 else 1 - tail
