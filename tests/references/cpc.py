"""CPC: equation 4 of arXiv 1807.03748 for every step, sequence, time and place."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def cpc(
    predictions: Array,
    encodings: Array,
    *,
    skip: int = 0,
    candidates: str = "batch",
    temperature: float = 1.0,
) -> float:
    steps, times = len(predictions), encodings.shape[1]
    by_step = []
    for step in range(steps):
        k = skip + 1 + step
        losses = []
        for b, t, *place in np.ndindex(encodings.shape[:-1]):
            if t + k >= times:
                continue
            everything = list(np.ndindex(encodings.shape[:-1]))
            to_come = (b, t + k, *place)
            chosen = {
                "batch": everything,
                "same_sequence": [at for at in everything if at[0] == b],
                "other_sequences": [to_come] + [at for at in everything if at[0] != b],
            }[candidates]
            prediction = predictions[(step, b, t, *place)]
            f = {at: np.exp(prediction @ encodings[at] / temperature) for at in chosen}
            losses.append(-np.log(f[to_come] / sum(f.values())))
        by_step.append(sum(losses) / len(losses))
    return float(sum(by_step) / steps)
