"""Weighted sum of alignment and both views' uniformity, over unordered pairs as printed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def alignment_uniformity(
    x: Matrix,
    y: Matrix,
    *,
    alpha: float = 2.0,
    t: float = 2.0,
    alignment_weight: float = 1.0,
    uniformity_weight: float = 1.0,
) -> float:
    k = len(x)
    x = np.stack([row / np.linalg.norm(row) for row in x])
    y = np.stack([row / np.linalg.norm(row) for row in y])
    align = sum(np.linalg.norm(x[i] - y[i]) ** alpha for i in range(k)) / k
    uniform = 0.0
    for view in (x, y):
        total = 0.0
        for i in range(k):
            for j in range(i + 1, k):
                total += np.exp(-t * np.sum((view[i] - view[j]) ** 2))
        uniform += np.log(2 * total / (k * (k - 1))) / 2
    return float(alignment_weight * align + uniformity_weight * uniform)
