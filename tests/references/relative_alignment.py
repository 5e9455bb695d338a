"""Distance of a sample's views over the distance of different samples' views, pair by pair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def relative_alignment(z1: NDArray[np.float64], z2: NDArray[np.float64]) -> float:
    u = [row / np.sqrt(np.sum(row**2)) for row in z1]
    v = [row / np.sqrt(np.sum(row**2)) for row in z2]
    n = len(u)
    near = sum(float(np.sum((u[i] - v[i]) ** 2)) for i in range(n)) / n
    far = sum(float(np.sum((u[i] - v[j]) ** 2)) for i in range(n) for j in range(n) if i != j)
    return near / (far / (n * (n - 1)))
