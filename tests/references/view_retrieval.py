"""Recall with all samples as the gallery, at most 200, from the ranks of a loop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tests.references.neighbor_distances import unit


def view_retrieval(z1: NDArray[np.float64], z2: NDArray[np.float64]) -> tuple[float, ...]:
    count = len(z1)
    assert count <= 200
    first, fifth, order = [], [], []
    for one, other in ((unit(z1), unit(z2)), (unit(z2), unit(z1))):
        for i in range(count):
            cosines = [float(one[i] @ other[j]) for j in range(count)]
            before = sum(cosine > cosines[i] + 1e-9 for cosine in cosines)
            ties = sum(abs(cosine - cosines[i]) <= 1e-9 for cosine in cosines) - 1
            ranks = range(before, before + ties + 1)
            first.append(np.mean([rank < 1 for rank in ranks]))
            fifth.append(np.mean([rank < 5 for rank in ranks]))
            order.append(1 - (before + ties / 2) / (count - 1))
    return (float(np.mean(first)), float(np.mean(fifth)), float(np.mean(order)), count)
