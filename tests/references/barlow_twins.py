"""Barlow Twins, equations 1 and 2 of arXiv 2103.03230 with the code's 1e-5, in loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def barlow_twins(
    z_a: Matrix,
    z_b: Matrix,
    *,
    off_diagonal_weight: float = 0.005,
    invariance_weight: float = 1.0,
) -> float:
    n, d = z_a.shape
    loss = 0.0
    for i in range(d):
        a = z_a[:, i] - sum(z_a[:, i]) / n
        for j in range(d):
            b = z_b[:, j] - sum(z_b[:, j]) / n
            spread = np.sqrt(sum(a**2) + n * 1e-5) * np.sqrt(sum(b**2) + n * 1e-5)
            c = sum(a[k] * b[k] for k in range(n)) / spread
            loss += invariance_weight * (1 - c) ** 2 if i == j else off_diagonal_weight * c**2
    return float(loss)
