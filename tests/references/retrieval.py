"""Ranks of a sample's other view among all, candidate by candidate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def ranks(z1: Array, z2: Array) -> list[int]:
    found = []
    for i, query in enumerate(z1):
        cosines = [float(query @ key / np.linalg.norm(query) / np.linalg.norm(key)) for key in z2]
        found.append(1 + sum(cosine > cosines[i] + 1e-9 for cosine in cosines))
    return found


def one_way(z1: Array, z2: Array) -> list[float]:
    found = ranks(z1, z2)
    recalls = [sum(rank <= k for rank in found) / len(found) for k in (1, 5, 10)]
    return [*recalls, float(np.median(found))]


def retrieval(z1: Array, z2: Array) -> tuple[float, ...]:
    """Without ties."""
    return (*one_way(z1, z2), *one_way(z2, z1))
