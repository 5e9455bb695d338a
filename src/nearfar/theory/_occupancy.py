"""Log probability that given classes all appear among N draws, without cancellation."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["log_all_appear", "log_others_appear"]

_NEGLIGIBLE = math.log(1e-20)  # relative to the largest node
_SPREADS = 16  # nodes per standard deviation; see the error bound
_BLOCK = 26  # nodes per block; usually one block suffices

Vector = NDArray[np.float64]


def log_all_appear(num_draws: int, values: Vector, counts: Vector) -> float:
    r"""Logarithm of the probability that every one of the given classes is drawn at least once.

    The terms of the inclusion–exclusion sum :math:`\sum_S (-1)^{|S|} (1 - \rho(S))^N` are far
    larger than the sum. Instead, make the number of draws Poisson with mean :math:`\lambda`, so
    that classes are drawn independently, and condition on `N` draws:

    .. math:: P = \frac{1}{\mathrm{Pois}(N; \lambda)} \cdot \frac1M \sum_{j=0}^{M-1}
                  e^{-\mathrm i N \theta_j + \lambda (e^{\mathrm i \theta_j} - 1)}
                  \prod_c \Big(1 - e^{-\lambda \rho_c e^{\mathrm i \theta_j}}\Big),
              \qquad \theta_j = \frac{2 \pi j}{M} .

    This converges for every :math:`\lambda` as M grows. With :math:`\lambda` at the saddle point
    (where the expected number of draws, given that all classes appear, is `N`) nothing cancels: the
    sum is a probability near its mode.

    *Error*, apart from rounding: the sum also contains the probabilities of
    :math:`N \pm M, N \pm 2M, \dots` draws. Given that all classes appear, the number of draws is a
    sum of zero-truncated Poisson variables; the variance of one with rate a is between a/2 and a,
    hence Bennett's inequality holds with twice the variance :math:`\sigma^2` of the sum, and with
    :math:`M = \max(64, 16 \sigma)` the extra terms are below :math:`10^{-17}`. Nodes are dropped
    where the product is below :math:`10^{-20}` of its value at 0: its modulus decreases until the
    angle π/2 and is at most :math:`e^{-\lambda / 2}` beyond.

    Args:
        num_draws: ``N``.
        values: Probabilities of the required classes; the remaining probability mass is optional.
        counts: How many classes have each probability.
    """
    classes = float(counts.sum())
    if num_draws < classes:
        return -math.inf
    if num_draws == classes:  # each exactly once, in any order
        return math.lgamma(classes + 1) + float(counts @ np.log(values))
    log_scale, _, terms = _contour(num_draws, values, counts)
    return min(0.0, log_scale + math.log(float(terms.real.sum())))


def log_others_appear(num_draws: int, values: Vector, counts: Vector) -> Vector:
    r"""For each probability: log probability that all classes but one of that probability appear.

    The excepted class may appear or not. Equivalently, the probability that all classes appear,
    given that one additional draw (the anchor, say) is of that class. The integral is that of
    :func:`log_all_appear` with one factor less, at the same nodes: the event splits into

    .. math:: P(\text{all appear}) + P(\text{all but } c \text{ appear, } c \text{ does not}),
              \qquad 1 - e^{-z} \to (1 - e^{-z}) \Big(1 + \frac{e^{-z}}{1 - e^{-z}}\Big), \quad
              z = \lambda \rho_c e^{\mathrm i \theta} .

    Args:
        num_draws: ``N``.
        values: Probabilities of all classes, summing to one with their counts.
        counts: How many classes have each probability.
    """
    classes = float(counts.sum())
    if num_draws < classes - 1:
        return np.full(len(values), -np.inf)
    if num_draws == classes - 1:
        return math.lgamma(classes) + float(counts @ np.log(values)) - np.log(values)
    if num_draws == classes:  # each once, or instead of c another one twice
        once = math.lgamma(classes + 1) + float(counts @ np.log(values))
        return once + np.log1p((1 - values) / (2 * values))
    log_scale, points, terms = _contour(num_draws, values, counts)
    total = float(terms.real.sum())
    without = (terms @ (np.exp(-points) / -np.expm1(-points))).real
    return np.minimum(0.0, log_scale + math.log(total) + np.log1p(np.maximum(0.0, without / total)))


def _contour(
    num_draws: int, values: Vector, counts: Vector
) -> tuple[float, NDArray[np.complex128], NDArray[np.complex128]]:
    """Log scale factor, λρ_c e^{iθ} at the nodes kept, and terms whose sum is the integral."""
    free = max(0.0, 1 - float(counts @ values))
    mean = _saddle_point(num_draws - float(counts.sum()), values, counts, free)
    rates = mean * values
    expected = rates / -np.expm1(-rates)
    variance = float(counts @ (expected * (1 + rates - expected))) + mean * free
    nodes = 2 * math.ceil(max(64, _SPREADS * math.sqrt(variance)) / 2)
    largest = float(counts @ np.log(-np.expm1(-rates)))
    points, terms = [], []
    for start in range(0, nodes // 2 + 1, _BLOCK):
        places = np.arange(start, min(start + _BLOCK, nodes // 2 + 1))
        angles = 2 * math.pi / nodes * places
        turned = np.exp(1j * angles)
        points.append(np.outer(turned, rates))
        products = np.log(-np.expm1(-points[-1])) @ counts
        logs = mean * (turned - 1) + products - largest - 1j * (num_draws * angles)
        once = (places == 0) | (places == nodes // 2)  # all others also count their conjugates
        terms.append(np.where(once, 1.0, 2.0) * np.exp(logs))
        rest = max(logs.real[-1], -mean / 2)
        if rest < _NEGLIGIBLE and angles[-1] <= math.pi / 2:
            break
    log_scale = largest - math.log(nodes) - _log_poisson(num_draws, mean)
    return log_scale, np.concatenate(points), np.concatenate(terms)


def _saddle_point(surplus: float, values: Vector, counts: Vector, free: float) -> float:
    """The mean λ at which the expected draws exceed the classes by `surplus`, to six digits.

    Given that it appears, a class with rate a is drawn a/(1 − e^−a) times, between 1 + a/2 and
    1 + a: the solution is between `surplus` and twice that.
    """
    low, high = surplus, 2 * surplus
    for _ in range(20):
        middle = (low + high) / 2
        rates = middle * values
        more = float(counts @ (rates / -np.expm1(-rates) - 1)) + middle * free
        low, high = (middle, high) if more < surplus else (low, middle)
    return (low + high) / 2


def _log_poisson(count: int, mean: float) -> float:
    """Log Poisson probability, from the deviance and Stirling's series (Loader 2000)."""
    if count < 16:
        return count * math.log(mean) - mean - math.lgamma(count + 1)
    excess = (mean - count) / count
    deviance = count * (excess - math.log1p(excess))
    square = 1.0 / count**2
    stirling = (1 / 12 - square * (1 / 360 - square * (1 / 1260 - square / 1680))) / count
    return -0.5 * math.log(2 * math.pi * count) - stirling - deviance
