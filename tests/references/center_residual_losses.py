"""The two test losses of conjecture 1 in arXiv 2203.16262, vector by vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def center(z: Matrix) -> float:
    units = [row / np.linalg.norm(row) for row in z]
    o_z = sum(units) / len(units)
    return float(sum(-unit @ o_z for unit in units) / len(units))


def residual(z: Matrix) -> float:
    units = [row / np.linalg.norm(row) for row in z]
    o_z = sum(units) / len(units)
    return float(sum(-unit @ (unit - o_z) for unit in units) / len(units))


def center_gradient(z: Matrix) -> tuple[Matrix]:
    units = [row / np.linalg.norm(row) for row in z]
    o_z = sum(units) / len(units)
    rows = [
        -(o_z - (o_z @ unit) * unit) / np.linalg.norm(z_a) / len(z)
        for z_a, unit in zip(z, units, strict=True)
    ]
    return (np.stack(rows),)


def residual_gradient(z: Matrix) -> tuple[Matrix]:
    units = [row / np.linalg.norm(row) for row in z]
    o_z = sum(units) / len(units)
    rows = []
    for z_a, unit in zip(z, units, strict=True):
        r_a = unit - o_z
        rows.append(-(r_a - (r_a @ unit) * unit) / np.linalg.norm(z_a) / len(z))
    return (np.stack(rows),)
