"""LARS in NumPy, one layer, from You et al. 2017 with SGD's placement of the learning rate."""

from __future__ import annotations

import numpy as np


def lars(weights, gradients, *, lr, momentum, weight_decay, trust, adapt):
    """Weights after one update per gradient."""
    w = np.array(weights, dtype=np.float64)
    v = np.zeros_like(w)
    for g in gradients:
        u = np.asarray(g, dtype=np.float64) + weight_decay * w
        q = 1.0
        if adapt:
            weight_norm, update_norm = np.sqrt((w**2).sum()), np.sqrt((u**2).sum())
            if weight_norm > 0 and update_norm > 0:
                q = trust * weight_norm / update_norm
        v = momentum * v + q * u
        w = w - lr * v
    return w
