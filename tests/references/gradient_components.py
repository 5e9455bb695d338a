"""Centre, residual and their rates, arXiv 2203.16262, sample by sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]


def unit(row: Vector) -> Vector:
    return row / np.sqrt(np.sum(row**2))


def lengths(z: Matrix) -> tuple[float, float]:
    units = [unit(row) for row in z]
    o = sum(units) / len(units)
    m_r = sum(np.sqrt(np.sum((u - o) ** 2)) for u in units) / len(units)
    return float(np.sqrt(np.sum(o**2))), float(m_r)


def rates(directions: Matrix, z: Matrix, *, step: float = 1e-6) -> tuple[float, float]:
    """Central differences: a step each way along the directions, back onto the sphere."""
    moved = []
    for sign in (1, -1):
        rows = [unit(row) + sign * step * d for row, d in zip(z, directions, strict=True)]
        moved.append(lengths(np.stack(rows)))
    (o_after, r_after), (o_before, r_before) = moved
    return (o_after - o_before) / (2 * step), (r_after - r_before) / (2 * step)


def info_nce_extra_gradient(z_a: Matrix, z_b: Matrix, *, temperature: float) -> Matrix:
    found = []
    for i, row in enumerate(z_a):
        total, weighted = 0.0, np.zeros_like(row)
        for n, other in enumerate(z_b):
            if n != i:
                weight = np.exp(unit(row) @ unit(other) / temperature)
                total += weight
                weighted = weighted + weight * unit(other)
        found.append(-weighted / total)
    return np.stack(found)


def decorrelation_pull(z: Matrix) -> Matrix:
    """The regulariser's negative gradient by free vectors, from the covariance's entries."""
    units = np.stack([unit(row) for row in z])
    n, d = units.shape
    o = sum(units) / n
    pull = np.zeros_like(units)
    for i in range(d):
        for j in range(d):
            if i != j:
                cov = sum((u[i] - o[i]) * (u[j] - o[j]) for u in units) / (n - 1)
                for k in range(n):
                    pull[k, i] -= 4 * cov * (units[k, j] - o[j]) / (n - 1) / d
    return pull
