"""CPC: equation 4 of arXiv 1807.03748 for every step, sequence and time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def cpc(
    predictions: Array, encodings: Array, *, candidates: str = "batch", temperature: float = 1.0
) -> float:
    steps, sequences, times, _ = predictions.shape
    by_step = []
    for k in range(1, steps + 1):
        losses = []
        for b in range(sequences):
            for t in range(times - k):
                everything = [(s, u) for s in range(sequences) for u in range(times)]
                chosen = {
                    "batch": everything,
                    "same_sequence": [(s, u) for s, u in everything if s == b],
                    "other_sequences": [(b, t + k)] + [(s, u) for s, u in everything if s != b],
                }[candidates]
                prediction = predictions[k - 1, b, t]
                f = {at: np.exp(prediction @ encodings[at] / temperature) for at in chosen}
                losses.append(-np.log(f[b, t + k] / sum(f.values())))
        by_step.append(sum(losses) / len(losses))
    return float(sum(by_step) / steps)
