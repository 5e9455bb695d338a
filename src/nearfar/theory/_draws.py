"""Number of draws needed to cover every class."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from nearfar.theory._coupon_collector import (
    coupon_collector_bounds,
    log_coupon_collector_probability,
)
from nearfar.theory._prior import Prior, distinct_probabilities

__all__ = ["draws_for_coverage", "expected_draws"]

_ENTRIES = 2**20  # of a block of nodes × classes


def expected_draws(prior: Prior) -> float:
    r"""Expected number of independent draws until all classes have appeared.

    .. math:: \mathbb E N = \int_0^\infty \Big(1 - \prod_c (1 - e^{-\rho_c x})\Big)\, dx,
              \qquad = C \sum_{i=1}^{C} \frac1i \text{ for } C \text{ equal classes}

    *Proof*: draw at the times of a Poisson process of rate 1; class c then appears at rate
    :math:`\rho_c`, independently of the others, and the expected number of draws equals the
    expected time until all have appeared. With :math:`x = e^y` the integrand is analytic in a
    strip, and the trapezoidal rule is exact up to rounding.

    Assumptions:
        Draws are independent, of class c with probability :math:`\rho_c`.

    Args:
        prior: A number of classes, drawn equally often, or the probability of each.

    Returns:
        At least C. A batch of this size covers all classes with a probability near 0.57, for many
        equal classes; for 95 % see :func:`draws_for_coverage`.

    Raises:
        ValueError: An invalid prior.

    Reference:
        Flajolet, Gardy, Thimonier 1992; Nozawa & Sato 2021 (arXiv 2102.06866), Table 3.

    Example:
        >>> print(f"{expected_draws(10):.2f} {expected_draws([0.7, 0.1, 0.1, 0.1]):.2f}")
        29.29 18.35
    """
    values, counts = distinct_probabilities(prior)
    classes = int(counts.sum())
    if len(values) == 1:
        return classes * math.fsum(1 / i for i in range(1, classes + 1))
    # A factor exceeds the unit disc by at most e^{−π / tan b} at angle b; C of them by a factor e
    step = 2 * math.pi * math.atan(math.pi / math.log(8 * classes)) / 40
    end = math.log((40 + math.log(classes)) / values[0])
    y = np.arange(math.log(classes) - 38, end, step)
    x = np.exp(y)
    total = 0.0
    block = max(1, _ENTRIES // len(values))
    for start in range(0, len(x), block):
        some = x[start : start + block]
        with np.errstate(divide="ignore"):
            appeared = np.log1p(-np.exp(-np.outer(some, values))) @ counts
        total += float(some @ -np.expm1(appeared))
    return step * total


def draws_for_coverage(prior: Prior, *, probability: float = 0.95) -> int:
    r"""Smallest number of draws that covers all classes with at least the given probability.

    .. math:: \min\{N : \upsilon_N \ge p\}

    Args:
        prior: A number of classes, drawn equally often, or the probability of each.
        probability: p, between 0 and 1, both excluded.

    Returns:
        The N for which :func:`coupon_collector_probability` reaches `probability`; near
        :math:`C (\ln C - \ln \ln \tfrac1p)` for C equal classes. With K + 1 this large,
        :func:`coupon_lower_bound` involves the loss over all classes.

    Raises:
        ValueError: An invalid prior, a probability out of range.

    Example:
        >>> draws_for_coverage(10), draws_for_coverage(1_000)
        (51, 9874)
    """
    if not 0 < probability < 1:
        raise ValueError(f"`probability` must be between 0 and 1, got {probability!r}")
    _, counts = distinct_probabilities(prior)
    fewest = int(counts.sum())
    wanted = math.log(probability)

    def log_upper(draws: int) -> float:
        return math.log(coupon_collector_bounds(draws, prior)[1])

    # The upper bound is cheap and its error varies slowly: start the search from it.
    near = _first(fewest, fewest, lambda n: log_upper(n) >= wanted)
    error = log_upper(near) - log_coupon_collector_probability(near, prior)
    if wanted + error < 0:
        near = _first(near, fewest, lambda n: log_upper(n) - error >= wanted)
    return _first(near, fewest, lambda n: log_coupon_collector_probability(n, prior) >= wanted)


def _first(guess: int, fewest: int, enough: Callable[[int], bool]) -> int:
    """Smallest number from `fewest` on that is enough: exponential search, then bisection."""
    step = 1
    if enough(guess):
        high = guess
        while high - step >= fewest and enough(high - step):
            high, step = high - step, 2 * step
        low = max(fewest - 1, high - step)
    else:
        low = guess
        while not enough(low + step):
            low, step = low + step, 2 * step
        high = low + step
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle, high)
    return high
