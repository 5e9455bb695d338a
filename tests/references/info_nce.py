"""InfoNCE: equation 4 of arXiv 1807.03748 in the batch, equation 1 of 1911.05722 with a bank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def score(q: Array, k: Array, temperature: float, normalize: bool) -> float:
    length = np.linalg.norm(q) * np.linalg.norm(k) if normalize else 1.0
    return float(np.exp(q @ k / length / temperature))


def info_nce(
    queries: Array,
    keys: Array,
    negatives: Array | None = None,
    *,
    temperature: float,
    normalize: bool = True,
) -> float:
    total = 0.0
    for i in range(len(queries)):
        if negatives is None:
            others = [keys[j] for j in range(len(keys)) if j != i]
        else:
            others = list(negatives if negatives.ndim == 2 else negatives[i])
        scores = [score(queries[i], n, temperature, normalize) for n in [keys[i], *others]]
        total -= np.log(scores[0] / sum(scores))
    return total / len(queries)
