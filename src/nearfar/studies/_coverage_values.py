"""Coverage of classes by draws, computed in three ways that know nothing of each other."""

from __future__ import annotations

import math

import numpy as np

__all__ = [
    "binomial_log_collisions",
    "coverage_by_recursion",
    "published_coverage",
    "simulated_draws",
]


def coverage_by_recursion(classes: int, draws: list[int]) -> list[float]:
    """Probability that all classes appeared, from the number of classes seen after each draw.

    Args:
        classes: Number of equally likely classes.
        draws: Numbers of draws.

    >>> coverage_by_recursion(2, [1, 2, 4])
    [0.0, 0.5, 0.875]
    """
    seen = np.zeros(classes + 1)
    seen[0] = 1.0
    stay = np.arange(classes + 1) / classes
    found = {}
    for n in range(1, max(draws) + 1):
        seen[1:], seen[0] = seen[1:] * stay[1:] + seen[:-1] * (1 - stay[:-1]), 0.0
        found[n] = float(seen[-1])
    return [found[n] for n in draws]


def simulated_draws(classes: int, simulations: int, *, seed: int) -> np.ndarray:
    """Number of draws until all classes appeared, in each of many simulations.

    The waiting time for the next new class is geometric.

    Args:
        classes: Number of equally likely classes.
        simulations: Number of simulations.
        seed: Random seed.

    >>> float(simulated_draws(1, 3, seed=0).sum())
    3.0
    """
    rng = np.random.default_rng(seed)
    total = np.zeros(simulations)
    for missing in range(classes, 0, -1):
        total += rng.geometric(missing / classes, size=simulations)
    return total


def published_coverage(classes: int, draws: int) -> float:
    """The published double sum, in floating point as it stands.

    Args:
        classes: Number of equally likely classes, at most 100.
        draws: Number of draws.

    >>> round(published_coverage(10, 32), 6)
    0.690976
    """
    return sum(
        math.comb(classes - 1, m) * (-1.0) ** m * (1 - (m + 1) / classes) ** (n - 1)
        for n in range(classes, draws + 1)
        for m in range(classes - 1)
    )


def binomial_log_collisions(negatives: int, classes: int) -> float:
    """Mean of ln(1 + collisions), as a sum over the binomial distribution.

    Args:
        negatives: Number of negatives.
        classes: Number of equally likely classes.

    >>> round(binomial_log_collisions(31, 10), 4)
    1.3169
    """
    m = np.arange(negatives + 1)
    log_choose = [
        math.lgamma(negatives + 1) - math.lgamma(i + 1) - math.lgamma(negatives - i + 1) for i in m
    ]
    log_p = m * math.log(1 / classes) + (negatives - m) * math.log1p(-1 / classes)
    return float(np.exp(log_choose + log_p) @ np.log1p(m))
