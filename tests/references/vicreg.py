"""VICReg's terms and their sum, equations 1 to 6 of arXiv 2105.04906, in loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def invariance(z: Matrix, z_prime: Matrix) -> float:
    n = len(z)
    return sum(float(np.sum((z[i] - z_prime[i]) ** 2)) for i in range(n)) / n


def variance(z: Matrix, *, gamma: float = 1.0, epsilon: float = 1e-4) -> float:
    n, d = z.shape
    total = 0.0
    for j in range(d):
        mean = sum(z[i, j] for i in range(n)) / n
        var = sum((z[i, j] - mean) ** 2 for i in range(n)) / (n - 1)
        total += max(0.0, gamma - np.sqrt(var + epsilon))
    return total / d


def covariance(z: Matrix) -> float:
    n, d = z.shape
    mean = sum(z) / n
    matrix = np.zeros((d, d))
    for i in range(n):
        matrix += np.outer(z[i] - mean, z[i] - mean)
    matrix /= n - 1
    return sum(matrix[i, j] ** 2 for i in range(d) for j in range(d) if i != j) / d


def vicreg(
    z: Matrix,
    z_prime: Matrix,
    *,
    invariance_weight: float = 25.0,
    variance_weight: float = 25.0,
    covariance_weight: float = 1.0,
) -> float:
    return (
        invariance_weight * invariance(z, z_prime)
        + variance_weight * (variance(z) + variance(z_prime))
        + covariance_weight * (covariance(z) + covariance(z_prime))
    )
