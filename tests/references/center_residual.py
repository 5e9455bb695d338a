"""Centre and residual ratios, vector by vector."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def center_residual(z: NDArray[np.float64]) -> tuple[float, float]:
    units = [row / np.sqrt(np.sum(row**2)) for row in z]
    o = sum(units) / len(units)
    residuals = [unit - o for unit in units]
    m_o = float(np.sqrt(np.sum(o**2)))
    m_r = sum(float(np.sqrt(np.sum(r**2))) for r in residuals) / len(residuals)
    return m_o, m_r
