"""The coupon collector: the probability that N draws cover every class."""

from __future__ import annotations

import math

import numpy as np

from nearfar.checks import check_integer
from nearfar.theory._occupancy import log_all_appear
from nearfar.theory._prior import Prior, distinct_probabilities

__all__ = [
    "coupon_collector_bounds",
    "coupon_collector_probability",
    "log_coupon_collector_probability",
]


def coupon_collector_probability(num_draws: int, prior: Prior) -> float:
    r"""Probability that N independent draws cover all C classes.

    .. math:: \upsilon_N = P(\text{all classes appear})
              = \sum_{S \subseteq \{1 \dots C\}} (-1)^{|S|} \Big(1 - \sum_{c \in S} \rho_c\Big)^N

    For a contrastive loss with K negatives, N = K + 1: the anchor counts as a draw.

    The sum is not evaluated directly: for 100 classes and 128 draws its terms are 40 orders of
    magnitude above the result. See :func:`log_coupon_collector_probability`.

    Assumptions:
        Draws are independent, of class c with probability :math:`\rho_c`.

    Args:
        num_draws: N, 0 or more.
        prior: A number of classes, drawn equally often, or the probability of each.

    Returns:
        A number in [0, 1] with a relative error near 1e-12; exactly 0 for fewer draws than
        classes. Increases with N; among priors over C classes it is largest for the uniform one.

    Raises:
        ValueError: Negative `num_draws`, an invalid prior.

    Vacuous:
        As a weight in :func:`coupon_lower_bound`, while N is below :func:`expected_draws`, about
        C ln C.

    Cost:
        Milliseconds for any number of draws; time grows with the number of distinct
        probabilities, 20 ms for 1,000.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866), for equal classes.

    Example:
        >>> print(f"{coupon_collector_probability(32, 10):.6f}")
        0.690976
        >>> print(f"{coupon_collector_probability(128, 100):.4e}")
        1.5036e-22
        >>> print(f"{coupon_collector_probability(32, [0.5, 0.3, 0.15, 0.05]):.6f}")
        0.801558
    """
    return math.exp(log_coupon_collector_probability(num_draws, prior))


def log_coupon_collector_probability(num_draws: int, prior: Prior) -> float:
    r"""Logarithm of :func:`coupon_collector_probability`, for values that underflow.

    Poissonisation makes the classes independent; a contour integral through the saddle point then
    conditions on N draws: one formula for every prior and every number of draws, exact up to
    rounding. For derivation and error bound see ``nearfar/theory/_occupancy.py``.

    Args:
        num_draws: N, 0 or more.
        prior: A number of classes, drawn equally often, or the probability of each.

    Returns:
        A number of at most 0; −∞ for fewer draws than classes.

    Raises:
        ValueError: Negative `num_draws`, an invalid prior.

    Example:
        >>> print(f"{log_coupon_collector_probability(1_010, 1_000):.3f}")
        -948.516
    """
    check_integer(at_least=0, num_draws=num_draws)
    return log_all_appear(num_draws, *distinct_probabilities(prior))


def coupon_collector_bounds(num_draws: int, prior: Prior) -> tuple[float, float]:
    r"""Simple lower and upper bounds of :func:`coupon_collector_probability`.

    .. math:: 1 - \sum_c (1 - \rho_c)^N \;\le\; \upsilon_N \;\le\;
              \prod_c \big(1 - (1 - \rho_c)^N\big)

    *Proof*: on the left, the union bound over missing classes. On the right, multinomial counts
    are negatively associated, and “drawn at least once” is increasing in each count (Joag-Dev and
    Proschan 1983).

    Args:
        num_draws: N, 0 or more.
        prior: A number of classes, drawn equally often, or the probability of each.

    Returns:
        Lower and upper bound, both in [0, 1].

    Raises:
        ValueError: Negative `num_draws`, an invalid prior.

    Vacuous:
        The lower bound is 0 until N is near C ln C; the upper is positive even for N just above C.
        Where coverage is likely, both are within a percent of the exact value.

    Example:
        >>> lower, upper = coupon_collector_bounds(500, [0.5, 0.3, 0.19, 0.01])
        >>> print(f"{lower:.6f} {upper:.6f}")
        0.993430 0.993430
    """
    check_integer(at_least=0, num_draws=num_draws)
    values, counts = distinct_probabilities(prior)
    if num_draws < counts.sum():
        return 0.0, 0.0
    with np.errstate(divide="ignore"):
        log_missing = num_draws * np.log1p(-values)
    lower = 1 - float(counts @ np.exp(log_missing))
    upper = math.exp(float(counts @ np.log(-np.expm1(log_missing))))
    return max(0.0, lower), upper
