"""Distance between the centres of two views' unit vectors."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def center(z: Array) -> Array:
    total = np.zeros(z.shape[1])
    for row in z:
        total += row / np.sqrt(np.sum(row**2))
    return total / len(z)


def modality_gap(z1: Array, z2: Array) -> float:
    return float(np.sqrt(np.sum((center(z1) - center(z2)) ** 2)))
