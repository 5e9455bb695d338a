"""The multi-view objective, equation 4 of arXiv 2006.05576, as a loss, in loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.references.predictive import forward_predictive, inverse_predictive

Array = NDArray[np.float64]


def contrastive_bound(z_x: Array, z_s: Array, temperature: float) -> float:
    """Equation 1: at most ln n."""
    n = len(z_x)
    total = 0.0
    for i in range(n):
        scores = [
            z_x[i] @ z_s[j] / np.linalg.norm(z_x[i]) / np.linalg.norm(z_s[j]) / temperature
            for j in range(n)
        ]
        total += np.log(np.exp(scores[i]) / (sum(np.exp(s) for s in scores) / n))
    return float(total / n)


def multi_view(  # noqa: PLR0917
    z_x: Array,
    z_s: Array,
    reconstructions: Array | None = None,
    signals: Array | None = None,
    h_x: Array | None = None,
    h_s: Array | None = None,
    *,
    temperature: float,
    contrastive_weight: float = 1.0,
    forward_weight: float = 0.0,
    inverse_weight: float = 0.0,
) -> float:
    bound = contrastive_weight * contrastive_bound(z_x, z_s, temperature)
    if reconstructions is not None and signals is not None:
        bound -= forward_weight * forward_predictive(reconstructions, signals)
    if h_x is None or h_s is None:
        h_x, h_s = z_x, z_s
    bound -= inverse_weight * inverse_predictive(h_x, h_s)
    return contrastive_weight * float(np.log(len(z_x))) - bound
