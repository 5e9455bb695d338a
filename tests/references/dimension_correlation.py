"""Correlations and covariances of dimensions, as NumPy computes them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.references.neighbor_distances import unit


def dimension_correlation(z: NDArray[np.float64]) -> tuple[float, ...]:
    rows = unit(z)
    varied = rows[:, rows.std(axis=0) > 0]
    others = ~np.eye(varied.shape[1], dtype=bool)
    correlations = np.corrcoef(varied.T)[others]
    covariances = np.cov(rows.T)[~np.eye(rows.shape[1], dtype=bool)]
    constant = rows.shape[1] - varied.shape[1]
    return (
        float(np.sqrt((correlations**2).mean())),
        float(np.abs(covariances).mean()),
        float(constant),
    )
