"""Alignment, section 4.1.1 of arXiv 2005.10242, in a loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def alignment(z1: Matrix, z2: Matrix, *, alpha: float = 2.0) -> float:
    total = 0.0
    for x, y in zip(z1, z2, strict=True):
        total += np.linalg.norm(x / np.linalg.norm(x) - y / np.linalg.norm(y)) ** alpha
    return total / len(z1)
