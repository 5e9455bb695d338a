"""Gradient of SimSiam's D with its second argument held, by hand, vector by vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def towards(vectors: Matrix, targets: Matrix) -> Matrix:
    """Of the mean of −cos, with respect to the vectors."""
    rows = []
    for vector, target in zip(vectors, targets, strict=True):
        length = np.linalg.norm(vector)
        unit, aim = vector / length, target / np.linalg.norm(target)
        rows.append(-(aim - (aim @ unit) * unit) / length / len(vectors))
    return np.stack(rows)
