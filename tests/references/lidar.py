"""LiDAR with the inverse square root of the scatter of views, one sample at a time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def lidar(*matrices: NDArray[np.float64], delta: float = 1e-4) -> float:
    views = np.stack(matrices, axis=1)
    samples, count, dim = views.shape
    total = views.reshape(-1, dim).mean(0)
    between, within = np.zeros((dim, dim)), delta * np.eye(dim)
    for one in views:
        center = one.mean(0)
        between += np.outer(center - total, center - total) / samples
        for view in one:
            within += np.outer(view - center, view - center) / (samples * count)
    values, vectors = np.linalg.eigh(within)
    half = vectors @ np.diag(values**-0.5) @ vectors.T
    eigenvalues = np.linalg.eigvalsh(half @ between @ half)
    shares = np.abs(eigenvalues) / np.abs(eigenvalues).sum() + 1e-7
    return float(np.exp(-(shares * np.log(shares)).sum()))
