"""AMDIM's loss, score by score."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def amdim(
    queries: Array, locations: Array, *, clip: float = 20.0, penalty_weight: float = 0.05
) -> float:
    """−ln(e^t / (e^t + Σ e^t of other images' places)) + λ·mean(s²)."""
    n, a, dim = queries.shape
    m = locations.shape[1]

    def raw(i: int, q: int, j: int, place: int) -> float:
        return float(queries[i, q] @ locations[j, place]) / math.sqrt(dim)

    def clipped(i: int, q: int, j: int, place: int) -> float:
        return clip * math.tanh(raw(i, q, j, place) / clip)

    total = squares = 0.0
    for i in range(n):
        for q in range(a):
            wrong = sum(math.exp(clipped(i, q, j, p)) for j in range(n) if j != i for p in range(m))
            for p in range(m):
                right = math.exp(clipped(i, q, i, p))
                total -= math.log(right / (right + wrong))
            squares += sum(raw(i, q, j, p) ** 2 for j in range(n) for p in range(m))
    return total / (n * a * m) + penalty_weight * squares / (n * a * n * m)
