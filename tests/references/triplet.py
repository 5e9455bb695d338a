"""Margin and logistic losses, one triplet or pair at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def distance(x: Matrix, y: Matrix) -> float:
    return float(np.sqrt(np.sum((x - y) ** 2)))


def cosine(x: Matrix, y: Matrix) -> float:
    return float(x @ y / np.linalg.norm(x) / np.linalg.norm(y))


def triplet(anchors: Matrix, positives: Matrix, negatives: Matrix, *, margin: float) -> float:
    total = 0.0
    for a, p, n in zip(anchors, positives, negatives, strict=True):
        total += max(0.0, margin + distance(a, p) - distance(a, n))
    return total / len(anchors)


def cosine_triplet(
    anchors: Matrix, positives: Matrix, negatives: Matrix, *, margin: float
) -> float:
    total = 0.0
    for u, v_plus, v_minus in zip(anchors, positives, negatives, strict=True):
        total += max(0.0, cosine(u, v_minus) - cosine(u, v_plus) + margin)
    return total / len(anchors)


def nt_logistic(
    anchors: Matrix, positives: Matrix, negatives: Matrix, *, temperature: float
) -> float:
    total = 0.0
    for u, v_plus, v_minus in zip(anchors, positives, negatives, strict=True):
        right = 1 / (1 + np.exp(-cosine(u, v_plus) / temperature))
        wrong = 1 / (1 + np.exp(cosine(u, v_minus) / temperature))
        total -= np.log(right) + np.log(wrong)
    return total / len(anchors)


def pairwise_margin(z1: Matrix, z2: Matrix, same: NDArray[np.bool_], *, margin: float) -> float:
    total = 0.0
    for x, y, alike in zip(z1, z2, same, strict=True):
        d = distance(x, y)
        total += d**2 if alike else max(0.0, margin - d) ** 2
    return total / len(z1)
