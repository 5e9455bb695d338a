"""The coupon collector: whether some draws show every class."""

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
    r"""How likely N independent draws show all C classes.

    .. math:: \upsilon_N = P(\text{all classes appear})
              = \sum_{S \subseteq \{1 \dots C\}} (-1)^{|S|} \Big(1 - \sum_{c \in S} \rho_c\Big)^N

    For a contrastive loss with K negatives, N = K + 1: the anchor's class counts.

    The sum itself is never formed: for 100 classes and 128 draws its terms are 40 orders of
    magnitude above the result. See :func:`log_coupon_collector_probability`.

    Assumptions:
        Draws are independent, of class c with probability :math:`\rho_c`.

    Args:
        num_draws: N, 0 or more.
        prior: A number of classes, drawn equally often, or the probability of each.

    Returns:
        A number in [0, 1] with a relative error near 1e-12; exactly 0 for fewer draws than
        classes. Rises with N; among priors over C classes the equal one makes it largest.

    Raises:
        ValueError: Draws below 0, a prior that is none.

    Vacuous:
        As a weight in :func:`coupon_lower_bound` it says nothing of all classes while N is below
        C ln C or so, the :func:`expected_draws`.

    Cost:
        Milliseconds for any number of draws; time grows with the number of different
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
    r"""Logarithm of :func:`coupon_collector_probability`, for what floating point cannot hold.

    Computed by making the number of draws Poisson, which makes the classes independent, and taking
    that back with a contour integral through the saddle point: one formula for every prior and
    every number of draws, exact up to rounding. The derivation, with its error, stands in
    ``nearfar/theory/occupancy.py``.

    Args:
        num_draws: N, 0 or more.
        prior: A number of classes, drawn equally often, or the probability of each.

    Returns:
        A number of 0 or below; −∞ for fewer draws than classes.

    Raises:
        ValueError: Draws below 0, a prior that is none.

    Example:
        >>> print(f"{log_coupon_collector_probability(1_010, 1_000):.3f}")
        -948.516
    """
    check_integer(at_least=0, num_draws=num_draws)
    return log_all_appear(num_draws, *distinct_probabilities(prior))


def coupon_collector_bounds(num_draws: int, prior: Prior) -> tuple[float, float]:
    r"""A lower and an upper bound of :func:`coupon_collector_probability`, in one line each.

    .. math:: 1 - \sum_c (1 - \rho_c)^N \;\le\; \upsilon_N \;\le\;
              \prod_c \big(1 - (1 - \rho_c)^N\big)

    *Proof*: on the left the union bound over the classes that may be missing. On the right, how
    often the classes are drawn is negatively associated (one class's draws are not another's), and
    “drawn at least once” rises with the number of draws (Joag-Dev and Proschan 1983).

    Args:
        num_draws: N, 0 or more.
        prior: A number of classes, drawn equally often, or the probability of each.

    Returns:
        Lower and upper bound, both in [0, 1].

    Raises:
        ValueError: Draws below 0, a prior that is none.

    Vacuous:
        The lower bound is 0 until N is near C ln C, the upper above 0 even for fewer draws than
        classes. Where all classes are likely, both are within a percent of the truth.

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
