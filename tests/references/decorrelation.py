"""The correlation regulariser, algorithm 6 of arXiv 2203.16262, entry by entry."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def decorrelation(z: Matrix) -> float:
    n, d = z.shape
    units = np.stack([row / np.linalg.norm(row) for row in z])
    o_z = sum(units) / n
    loss = 0.0
    for i in range(d):
        for j in range(d):
            if i != j:
                cov = sum((unit[i] - o_z[i]) * (unit[j] - o_z[j]) for unit in units) / (n - 1)
                loss += cov**2
    return float(loss / d)
