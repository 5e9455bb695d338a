"""NT-Xent as equation 1 and algorithm 1 of arXiv 2002.05709 print it, in loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def similarity(u: Matrix, v: Matrix) -> float:
    return float(u @ v / (np.linalg.norm(u) * np.linalg.norm(v)))


def nt_xent(z1: Matrix, z2: Matrix, *, temperature: float) -> float:
    n = len(z1)
    z = [row for pair in zip(z1, z2, strict=True) for row in pair]  # 2k − 1 and 2k are a pair

    def ell(i: int, j: int) -> float:
        above = np.exp(similarity(z[i], z[j]) / temperature)
        below = sum(np.exp(similarity(z[i], z[k]) / temperature) for k in range(2 * n) if k != i)
        return float(-np.log(above / below))

    return sum(ell(2 * k, 2 * k + 1) + ell(2 * k + 1, 2 * k) for k in range(n)) / (2 * n)
