"""Distances between unit rows, and the nearest others of each."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist


def unit(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def apart(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Distances to other rows; infinity to the row itself."""
    away = cdist(unit(z), unit(z))
    np.fill_diagonal(away, np.inf)
    return away
