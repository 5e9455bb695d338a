"""Forward and inverse prediction, equations 2 and 3 of arXiv 2006.05576 with the sign of a loss."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def forward_predictive(reconstructions: Array, signals: Array) -> float:
    n = len(signals)
    total = 0.0
    for i in range(n):
        for r, s in zip(reconstructions[i].ravel(), signals[i].ravel(), strict=True):
            total += (s - r) ** 2
    return float(total / n)


def inverse_predictive(z_x: Array, z_s: Array) -> float:
    n = len(z_x)
    return float(sum(np.linalg.norm(z_x[i] - z_s[i]) ** 2 for i in range(n)) / n)
