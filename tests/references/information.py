"""InfoNCE's bound of the information between two views, both directions, best temperature."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
TEMPERATURES = [2.0**-k for k in range(7)]


def bound(z1: Array, z2: Array, temperature: float) -> float:
    """Mean logarithm of the own pair's share, over one in n."""
    n, total = len(z1), 0.0
    for i in range(n):
        scores = [
            z1[i] @ key / np.linalg.norm(z1[i]) / np.linalg.norm(key) / temperature for key in z2
        ]
        total += scores[i] - np.logaddexp.reduce(scores) + np.log(n)
    return float(total / n)


def information(z1: Array, z2: Array) -> tuple[float, float]:
    found = max((bound(z1, z2, t) + bound(z2, z1, t)) / 2 for t in TEMPERATURES)
    return max(0.0, found), float(np.log(len(z1)))
