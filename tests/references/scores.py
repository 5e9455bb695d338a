"""Estimators of mutual information from a critic's scores, score by score."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def sp(x: float) -> float:
    return math.log(1 + math.exp(x))


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def jensen_shannon(joint: Array, marginal: Array) -> float:
    estimate = mean([-sp(-t) for t in joint.flat]) - mean([sp(t) for t in marginal.flat])
    return -estimate


def donsker_varadhan(joint: Array, marginal: Array) -> float:
    return -(mean(list(joint.flat)) - math.log(mean([math.exp(t) for t in marginal.flat])))


def binary_discrimination(positives: Array, negatives: Array) -> float:
    right = sum(math.log(sigmoid(s)) for s in positives.flat)
    wrong = sum(math.log(1 - sigmoid(s)) for s in negatives.flat)
    return -(right + wrong) / (positives.size + negatives.size)


def deep_infomax(local: Array, whole: Array, *, estimator: str = "jensen_shannon") -> float:
    """Section 3 of arXiv 1808.06670 over local maps and global vectors."""
    n, m, _ = local.shape

    def t(i: int, j: int, place: int) -> float:
        return float(whole[i] @ local[j, place])

    pairs = [(i, j) for i in range(n) for j in range(n) if i != j]
    joint = [t(i, i, place) for i in range(n) for place in range(m)]
    marginal = [t(i, j, place) for i, j in pairs for place in range(m)]
    if estimator == "jensen_shannon":
        return jensen_shannon(np.array(joint), np.array(marginal))
    if estimator == "donsker_varadhan":
        return donsker_varadhan(np.array(joint), np.array(marginal))
    total = 0.0
    for i in range(n):
        others = sum(math.exp(t(i, j, p)) for j in range(n) if j != i for p in range(m))
        for place in range(m):
            own = math.exp(t(i, i, place))
            total -= math.log(own / (own + others))
    return total / (n * m)
