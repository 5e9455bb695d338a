"""Standard deviation of each coordinate of unit vectors, one coordinate at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def feature_std(z: NDArray[np.float64]) -> float:
    units = [row / np.sqrt(np.sum(row**2)) for row in z]
    n, d = z.shape
    stds = []
    for k in range(d):
        mean = sum(unit[k] for unit in units) / n
        stds.append(math.sqrt(sum((unit[k] - mean) ** 2 for unit in units) / n))
    return float(sum(stds) / d)
