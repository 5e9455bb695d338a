"""Quadrature over the cosine between a fixed direction and a uniform one."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["zonal_nodes"]

_DIGITS = 40.0  # weights below e^-40 of the largest are dropped


def zonal_nodes(dim: int, *, tilt: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Nodes and weights for :math:`E\, g(c)`, with `c` the cosine to a uniform direction.

    The cosine has density :math:`\propto (1 - c^2)^{(m - 3) / 2}`, and with :math:`c = \tanh s`
    the variable `s` has density :math:`\propto \cosh(s)^{1 - m}`: smooth on the whole line in every
    dimension, so that the trapezoidal rule converges exponentially. Step and range cover that
    density both as it is and tilted by :math:`e^{\mathrm{tilt} \cdot c}`.

    Args:
        dim: Dimension of the ambient space; 1 is the two points −1 and 1.
        tilt: Largest slope of :math:`\ln g` in the cosine.

    Returns:
        :math:`1 - c` at the nodes, accurate also near 0, and weights that sum to 1.
    """
    if dim == 1:
        return np.array([0.0, 2.0]), np.array([0.5, 0.5])
    power = dim - 1.0
    reach = math.acosh(math.exp(_DIGITS / power))
    peak = math.asinh(2 * tilt / power) / 2
    step = min(0.035, 0.5 / math.sqrt(power + 0.77 * tilt))
    s = step * np.arange(-math.ceil(reach / step), math.ceil((peak + reach) / step) + 1)
    log_cosh = np.logaddexp(s, -s) - math.log(2)
    weights = np.exp(-power * log_cosh)
    return 2 / (np.exp(2 * s) + 1), weights / weights.sum()
