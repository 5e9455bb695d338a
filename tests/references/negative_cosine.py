"""SimSiam's D, equation 1 of arXiv 2011.10566, in a loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def negative_cosine(predictions: Matrix, targets: Matrix) -> float:
    total = 0.0
    for p, z in zip(predictions, targets, strict=True):
        total -= p @ z / (np.linalg.norm(p) * np.linalg.norm(z))
    return float(total / len(predictions))
