"""RankMe, equation 1 of the paper, from a singular value decomposition of the raw matrix."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def effective_rank(z: NDArray[np.float64], *, epsilon: float = 1e-7) -> float:
    sigma = np.linalg.svd(z, compute_uv=False)
    entropy = 0.0
    for sigma_k in sigma:
        p_k = sigma_k / np.sum(np.abs(sigma)) + epsilon
        entropy -= p_k * math.log(p_k)
    return math.exp(entropy)
