"""InfoNCE: equation 4 of arXiv 1807.03748 in the batch, equation 1 of 1911.05722 with a bank."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def score(q: Matrix, k: Matrix, temperature: float) -> float:
    return float(np.exp(q @ k / np.linalg.norm(q) / np.linalg.norm(k) / temperature))


def info_nce(
    queries: Matrix, keys: Matrix, negatives: Matrix | None = None, *, temperature: float
) -> float:
    total = 0.0
    for i in range(len(queries)):
        positive = score(queries[i], keys[i], temperature)
        if negatives is None:
            others = [score(queries[i], keys[j], temperature) for j in range(len(keys)) if j != i]
        else:
            others = [score(queries[i], n, temperature) for n in negatives]
        total -= np.log(positive / (positive + sum(others)))
    return total / len(queries)
