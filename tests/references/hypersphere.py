"""Limits and entropies on the sphere, arXiv 2005.10242, pair by pair."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def unit(row: NDArray[np.float64]) -> NDArray[np.float64]:
    return row / np.sqrt(np.sum(row**2))


def gaussian_potential(u: Matrix, v: Matrix, *, t: float) -> list[float]:
    return [float(np.exp(-t * np.sum((unit(x) - unit(y)) ** 2))) for x, y in zip(u, v, strict=True)]


def contrastive_limit(
    x: Matrix, y: Matrix, bank: Matrix | None = None, *, temperature: float
) -> tuple[float, float]:
    n = len(x)
    alignment = 0.0
    for i in range(n):
        alignment -= unit(x[i]) @ unit(y[i]) / temperature / n
    terms = []
    for view in (x, y) if bank is None else (x,):
        for i in range(n):
            others = [view[j] for j in range(n) if j != i] if bank is None else bank
            mean = 0.0
            for other in others:
                mean += np.exp(unit(view[i]) @ unit(other) / temperature) / len(others)
            terms.append(np.log(mean))
    return float(alignment), float(np.mean(terms))


def expected_contrastive_loss(
    x: Matrix, y: Matrix, bank: Matrix, *, temperature: float, num_negatives: int
) -> float:
    """Over all ways to draw the negatives from the bank, with replacement."""
    total, ways = 0.0, len(bank) ** num_negatives
    for i in range(len(x)):
        positive = np.exp(unit(x[i]) @ unit(y[i]) / temperature)
        potentials = [np.exp(unit(x[i]) @ unit(other) / temperature) for other in bank]
        for drawn in product(potentials, repeat=num_negatives):
            total -= np.log(positive / (positive + sum(drawn)))
    return float(total / len(x) / ways)


def kernel_entropy(z: Matrix, *, temperature: float, log_normalizer: float) -> float:
    entropy = 0.0
    for row in z:
        density = 0.0
        for other in z:
            density += np.exp(unit(row) @ unit(other) / temperature - log_normalizer) / len(z)
        entropy -= np.log(density) / len(z)
    return float(entropy)
