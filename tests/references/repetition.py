"""Groups of samples on a point, one sample at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.references.neighbor_distances import apart, unit


def repetition(z1: NDArray[np.float64], z2: NDArray[np.float64]) -> tuple[float, ...]:
    away, first, second = apart(z1), unit(z1), unit(z2)
    inverse, repeated, confused = [], [], []
    for i, row in enumerate(away):
        near = np.sort(np.maximum(row[np.isfinite(row)], 1e-6))
        best, size = 0.0, 1
        for k in range(1, len(near)):
            ratio = near[k] / near[k - 1]
            if ratio >= (30 if k < 5 else 10) and ratio > best:
                best, size = ratio, k + 1
        inverse.append(1 / size)
        repeated.append(size > 1)
        if size > 1:
            members = [j for j in np.argsort(row)[: size - 1] if j != i]
            own = first[i] @ second[i]
            confused.append(np.mean([first[i] @ second[j] > own for j in members]))
    shares = [float(np.mean(inverse)), float(np.mean(repeated))]
    return (*shares, float(np.mean(confused)) if confused else 0.0)
