"""Collisions: negatives of the anchor's own class."""

from __future__ import annotations

import math

import numpy as np

from nearfar.checks import check_integer
from nearfar.theory._prior import Prior, distinct_probabilities

__all__ = ["collision_probability", "expected_log_collisions", "log_no_collision"]

_STEP = 0.125
_ENTRIES = 2**20  # entries of a block of classes × nodes


def collision_probability(num_negatives: int, prior: Prior) -> float:
    r"""Probability that at least one of K negatives is of the anchor's class.

    .. math:: \tau_K = P(\mathrm{Col} \ne 0) = 1 - \sum_c \rho_c (1 - \rho_c)^K

    Assumptions:
        Anchor and negatives are drawn independently, each of class c with probability
        :math:`\rho_c`. (Batches drawn without replacement collide a little less.)

    Args:
        num_negatives: K, 0 or more.
        prior: A number of classes, drawn equally often, or the probability of each.

    Returns:
        A number in [0, 1] with full relative precision, increasing in K. Its complement is lost
        below 1e-16: see :func:`log_no_collision`.

    Raises:
        ValueError: Negative `num_negatives`, an invalid prior.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866), after Arora et al. 2019 (arXiv 1902.09229).

    Example:
        >>> for prior in (10, [0.91] + 9 * [0.01]):
        ...     print(f"{collision_probability(31, prior):.3f}")
        0.962
        0.934
    """
    check_integer(at_least=0, num_negatives=num_negatives)
    values, counts = distinct_probabilities(prior)
    if num_negatives == 0:
        return 0.0
    with np.errstate(divide="ignore"):  # a class of probability 1 always collides
        return min(1.0, float((counts * values) @ -np.expm1(num_negatives * np.log1p(-values))))


def log_no_collision(num_negatives: int, prior: Prior) -> float:
    r"""Logarithm of the probability that no negative is of the anchor's class.

    .. math:: \ln(1 - \tau_K) = \ln \sum_c \rho_c (1 - \rho_c)^K

    The bounds that build on Arora et al. divide by :math:`1 - \tau_K`, which cannot be computed
    from :math:`\tau_K` in floating point once it falls below 1e-16.

    Assumptions:
        Those of :func:`collision_probability`.

    Args:
        num_negatives: K, 0 or more.
        prior: A number of classes, drawn equally often, or the probability of each.

    Returns:
        A number of at most 0, nearly linear in K; −∞ for a single class.

    Raises:
        ValueError: Negative `num_negatives`, an invalid prior.

    Example:
        >>> print(f"{log_no_collision(65_536, 10):.1f}")
        -6904.9
    """
    check_integer(at_least=0, num_negatives=num_negatives)
    values, counts = distinct_probabilities(prior)
    if num_negatives == 0:
        return 0.0
    if values[-1] >= 1:
        return -math.inf
    logs = np.log(counts * values) + num_negatives * np.log1p(-values)
    return min(0.0, float(np.logaddexp.reduce(logs)))


def expected_log_collisions(num_negatives: int, prior: Prior) -> float:
    r"""The minimum that negatives of the anchor's class add to the contrastive loss.

    .. math:: \mathbb E \ln(\mathrm{Col} + 1)
              = \sum_c \rho_c \int_0^\infty
                \frac{e^{-s}}{s} \Big(1 - \big(1 - \rho_c (1 - e^{-s})\big)^K\Big)\, ds,
              \qquad \mathrm{Col} \mid c \sim \mathrm{Binomial}(K, \rho_c)

    A mean classifier scores a colliding negative as it scores the positive: :math:`m` of them cost
    at least :math:`\ln(1 + m)`, however good the encoder.

    *Proof of the integral*: :math:`\ln(1 + m) = \int_0^\infty (e^{-s} - e^{-(1 + m) s}) / s\, ds`
    (Frullani), and the mean of :math:`e^{-s \mathrm{Col}}` is the binomial's generating function.
    With :math:`s = e^x` the integrand is analytic and bounded for :math:`|\mathrm{Im}\, x| < π/2`,
    for every K and prior: the trapezoidal rule's error :math:`e^{-\pi^2 / h}` is below rounding at
    the step used, :math:`h = 1/8`. There is no sum over m and no cancellation.

    Assumptions:
        Those of :func:`collision_probability`.

    Args:
        num_negatives: K, 0 or more.
        prior: A number of classes, drawn equally often, or the probability of each.

    Returns:
        From 0 to :math:`\ln(1 + K)`; tends to :math:`\ln(K / C)` for C equal classes and many
        negatives. Given a collision, the mean is this divided by :func:`collision_probability`.

    Raises:
        ValueError: Negative `num_negatives`, an invalid prior.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866), the collision term of both lower bounds.

    Example:
        >>> print(f"{expected_log_collisions(511, 10):.2f} {expected_log_collisions(511, 100):.2f}")
        3.94 1.73
    """
    check_integer(at_least=0, num_negatives=num_negatives)
    values, counts = distinct_probabilities(prior)
    if num_negatives == 0:
        return 0.0
    x = np.arange(-38 - math.log(num_negatives), math.log(40), _STEP)
    s = np.exp(x)
    total = 0.0
    block = _ENTRIES // len(x)
    for start in range(0, len(values), block):
        some = values[start : start + block]
        with np.errstate(divide="ignore"):
            none = num_negatives * np.log1p(np.outer(some, np.expm1(-s)))
        total += float((counts * values)[start : start + block] @ (-np.expm1(none) @ np.exp(-s)))
    return _STEP * total
