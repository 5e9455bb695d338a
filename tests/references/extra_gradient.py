"""The gradient ablations of arXiv 2203.16262, vector by vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def targets(z_b: Matrix, g_e: Matrix, *, keep_center: bool, keep_residual: bool) -> list[Matrix]:
    o_e = sum(g_e) / len(g_e)
    found = []
    for row, extra in zip(z_b, g_e, strict=True):
        target = row / np.linalg.norm(row)
        if keep_center:
            target = target + o_e
        if keep_residual:
            target = target + (extra - o_e)
        found.append(target)
    return found


def extra_gradient(
    z_a: Matrix, z_b: Matrix, g_e: Matrix, *, keep_center: bool = True, keep_residual: bool = True
) -> float:
    total = 0.0
    kept = targets(z_b, g_e, keep_center=keep_center, keep_residual=keep_residual)
    for row, target in zip(z_a, kept, strict=True):
        total -= row @ target / np.linalg.norm(row)
    return float(total / len(z_a))


def extra_gradient_gradient(
    z_a: Matrix, z_b: Matrix, g_e: Matrix, *, keep_center: bool = True, keep_residual: bool = True
) -> tuple[Matrix, ...]:
    kept = targets(z_b, g_e, keep_center=keep_center, keep_residual=keep_residual)
    rows = []
    for row, target in zip(z_a, kept, strict=True):
        length = np.linalg.norm(row)
        unit = row / length
        rows.append(-(target - (target @ unit) * unit) / length / len(z_a))
    return np.stack(rows), np.zeros_like(z_b), np.zeros_like(g_e)
