"""CURL's unsupervised loss, section 2 of arXiv 1902.09229, sample by sample."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def curl(
    anchors: Array, positives: Array, negatives: Array, *, surrogate: str = "logistic"
) -> float:
    total = 0.0
    for f_x, f_plus, f_minus in zip(anchors, positives, negatives, strict=True):
        plus = f_plus if f_plus.ndim == 1 else sum(f_plus) / len(f_plus)
        v = []
        for vector in f_minus:
            minus = vector if vector.ndim == 1 else sum(vector) / len(vector)
            v.append(f_x @ (plus - minus))
        if surrogate == "hinge":
            total += max(0.0, 1 + max(-v_i for v_i in v))
        else:
            total += np.log2(1 + sum(np.exp(-v_i) for v_i in v))
    return float(total / len(anchors))
