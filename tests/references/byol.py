"""BYOL's regression, equation 2 of arXiv 2006.07733, one direction, in a loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def byol(predictions: Matrix, targets: Matrix) -> float:
    total = 0.0
    for q, z in zip(predictions, targets, strict=True):
        total += 2 - 2 * (q @ z) / (np.linalg.norm(q) * np.linalg.norm(z))
    return total / len(predictions)
