"""TwoNN and local dimensions, one sample at a time."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from tests.references.neighbor_distances import apart


def intrinsic_dimension(z: NDArray[np.float64], *, k: int = 10) -> tuple[float, ...]:
    nearest = np.sort(apart(z), axis=1)
    ratios = sorted(nearest[:, 1] / nearest[:, 0])
    count = len(ratios)
    top = bottom = 0.0
    for number, ratio in enumerate(ratios[: int(count * 0.9)], 1):
        top += math.log(ratio) * -math.log(1 - number / count)
        bottom += math.log(ratio) ** 2
    local = []
    for row in nearest:
        logs = [math.log(row[k - 1] / row[j]) for j in range(k - 1)]
        local.append(1 / (sum(logs) / len(logs)))
    last = sorted(nearest[:, 1])[min(count, max(20, int(count * 0.05))) - 1]
    closest = nearest[nearest[:, 1] <= last * (1 + 1e-5)]
    logs = [math.log(row[1] / row[0]) for row in closest]
    quantiles = (float(value) for value in np.quantile(local, (0.1, 0.5, 0.9)))
    return (top / bottom, *quantiles, len(logs) / sum(logs))
