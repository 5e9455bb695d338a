"""Readings of the spectrum, from NumPy's covariance and singular values."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import linregress

Rows = NDArray[np.float64]


def eigenvalues(z: Rows) -> Rows:
    found: Rows = np.linalg.eigvalsh(np.cov(z.T))[::-1]
    return found


def power_law_exponent(z: Rows, *, first: int = 3, last: int = 100) -> tuple[float, ...]:
    values = eigenvalues(z)
    last = min(last, int((values > 1e-12 * values[0]).sum()))
    number = np.arange(first, last + 1)
    line = linregress(np.log(number), np.log(values[first - 1 : last]))
    return (-line.slope, line.stderr, first, last)


def participation_ratio(z: Rows) -> float:
    values = eigenvalues(z)
    return float(values.sum() ** 2 / (values**2).sum())


def stable_rank(z: Rows) -> float:
    sigma = np.linalg.svd(z, compute_uv=False)
    return float((sigma**2).sum() / sigma[0] ** 2)
