"""Uniformity, section 4.1.2 of arXiv 2005.10242, over all ordered pairs, in loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def uniformity(z: Matrix, *, t: float = 2.0, include_self: bool = False) -> float:
    u = [row / np.linalg.norm(row) for row in z]
    potentials = [
        np.exp(-t * np.sum((u[i] - u[j]) ** 2))
        for i in range(len(u))
        for j in range(len(u))
        if include_self or i != j
    ]
    return float(np.log(np.mean(potentials)))
