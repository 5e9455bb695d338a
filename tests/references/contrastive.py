"""Wang & Isola's contrastive loss, equation 1 of arXiv 2005.10242 and its mini-batch, in loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def potential(u: Matrix, v: Matrix, tau: float) -> float:
    return float(np.exp(u @ v / (np.linalg.norm(u) * np.linalg.norm(v)) / tau))


def contrastive(
    z1: Matrix, z2: Matrix, negatives: Matrix | None = None, *, temperature: float
) -> float:
    k = len(z1)
    terms = []
    for i in range(k):
        positive = potential(z2[i], z1[i], temperature)
        if negatives is None:
            rest = sum(potential(z2[j], z1[i], temperature) for j in range(k) if j != i)
            terms.append(-np.log(positive / (positive + rest)))
            rest = sum(potential(z1[j], z2[i], temperature) for j in range(k) if j != i)
            terms.append(-np.log(positive / (positive + rest)))
        else:
            own = negatives[i] if negatives.ndim == 3 else negatives
            rest = sum(potential(x, z1[i], temperature) for x in own)
            terms.append(-np.log(positive / (positive + rest)))
    return float(sum(terms) / len(terms))
