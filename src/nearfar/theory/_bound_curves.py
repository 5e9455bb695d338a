"""Both bounds on the supervised loss as a function of the number of candidates."""

from __future__ import annotations

import math

import numpy as np

from nearfar.checks import check_integer
from nearfar.records import Curve
from nearfar.theory._collisions import expected_log_collisions, log_no_collision
from nearfar.theory._coupon_collector import log_coupon_collector_probability
from nearfar.theory._prior import Prior, class_probabilities

__all__ = ["ARORA", "COUPON", "bound_curves", "log_bounds", "other_class"]

ARORA, COUPON = "Arora et al.", "the coupon collector"


def log_bounds(draws: int, temperature: float, prior: Prior) -> dict[str, tuple[float, str]]:
    r"""Logarithm of each bound when each class is a single point, and why the bound is large.

    The gap d(f) is then 0, and with the potential q of another class relative to the anchor's own
    the loss is :math:`E \ln(1 + \mathrm{Col} + (K - \mathrm{Col}) q)`. By Jensen's inequality it
    exceeds :math:`E \ln(1 + \mathrm{Col})` by at most :math:`\sum_c \rho_c \ln(1 + q y_c)`, with
    :math:`y_c` the mean of (K − Col)/(1 + Col), :math:`(1 - (1 - \rho_c)^{K+1}) / \rho_c - 1`.
    Both bounds increase with the loss, so they stay valid; dropping the subclass terms only
    loosens them.
    """
    rho = class_probabilities(prior)
    negatives = draws - 1
    potential = other_class(len(rho), temperature)
    with np.errstate(divide="ignore"):
        others = -np.expm1(draws * np.log1p(-rho)) / rho - 1
    excess = float(rho @ np.log1p(potential * others))
    cost = expected_log_collisions(negatives, prior)
    log_coverage = log_coupon_collector_probability(draws, prior)
    log_free = log_no_collision(negatives, prior)
    rare = "too few samples for all classes"
    return {
        ARORA: (
            _log(excess) - log_free - log_coverage,
            "draws without collisions are too rare" if log_free < log_coverage else rare,
        ),
        COUPON: (
            _log(cost + 2 * excess) - log_coverage,
            rare if log_coverage < -0.7 else "the collision term counts as loss",
        ),
    }


def other_class(classes: int, temperature: float) -> float:
    """e^(s/τ) of another class relative to the anchor's own, classes at a simplex's vertices."""
    return math.exp(-classes / (classes - 1) / temperature)


def bound_curves(prior: Prior, *, temperature: float, most: int = 1_024) -> tuple[Curve, ...]:
    """Log upper bounds of the supervised loss as a function of the number of candidates.

    For an encoder that maps each class to one point, the points maximally separated. This isolates
    how the bounds' coefficients behave as K grows, as in the paper's Figure 1.

    Args:
        prior: Number of classes, 2 or more, or the probability of each.
        temperature: Temperature of the loss.
        most: Largest number of candidates, K + 1.

    Returns:
        The natural logarithm of each bound, and of ln C, the loss of a collapsed encoder.

    Example:
        >>> arora, coupon, collapsed = bound_curves(10, temperature=0.5, most=512)
        >>> for curve in (arora, coupon, collapsed):
        ...     print(f"{curve.name}: {curve.values[-1]:.1f}")
        Arora et al.: 53.5
        the coupon collector: 1.7
        a collapsed encoder: 0.8
    """
    check_integer(at_least=4, most=most)
    classes = len(class_probabilities(prior))
    if classes < 2:
        raise ValueError(f"`prior` must have at least 2 classes, got {classes}")
    steps = 33
    points = sorted({round(2 * (most / 2) ** (step / (steps - 1))) for step in range(steps)})
    found = [log_bounds(point, temperature, prior) for point in points]
    collapsed = _log(math.log(classes))
    return (
        *(
            Curve(name, tuple(points), tuple(bounds[name][0] for bounds in found))
            for name in (ARORA, COUPON)
        ),
        Curve("a collapsed encoder", tuple(points), (collapsed,) * len(points)),
    )


def _log(value: float) -> float:
    return math.log(value) if value > 0 else -math.inf
