"""SwAV's loss and its gradient at fixed codes, arXiv 2006.09882, in loops."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


def unit(rows: Matrix) -> Matrix:
    return np.stack([row / np.linalg.norm(row) for row in rows])


def codes(scores: Matrix, epsilon: float, iterations: int) -> Matrix:
    """Q of the paper's appendix, prototypes × samples: columns sum to 1 at the end."""
    q = np.exp(scores.T / epsilon)
    q /= q.sum()
    k, b = q.shape
    for _ in range(iterations):
        for row in range(k):
            q[row] = q[row] / q[row].sum() / k
        for column in range(b):
            q[:, column] = q[:, column] / q[:, column].sum() / b
    return q * b


def both_codes(
    views: tuple[Matrix, Matrix],
    c: Matrix,
    queues: tuple[Matrix | None, Matrix | None],
    epsilon: float,
    iterations: int,
) -> list[Matrix]:
    found = []
    for z, queue in zip(views, queues, strict=True):
        every = z if queue is None else np.concatenate([unit(queue), z])
        found.append(codes(every @ c.T, epsilon, iterations)[:, -len(z) :])
    return found


def softmax(logits: Matrix) -> Matrix:
    potentials = np.exp(logits)
    return np.asarray(potentials / potentials.sum())


def swapped_prediction(
    z_t: Matrix,
    z_s: Matrix,
    prototypes: Matrix,
    queue_t: Matrix | None = None,
    queue_s: Matrix | None = None,
    *,
    temperature: float = 0.1,
    epsilon: float = 0.05,
    iterations: int = 3,
) -> float:
    views, c = (unit(z_t), unit(z_s)), unit(prototypes)
    q_t, q_s = both_codes(views, c, (queue_t, queue_s), epsilon, iterations)
    total = 0.0
    for z, q in ((views[0], q_s), (views[1], q_t)):
        for n in range(len(z)):
            p = softmax(c @ z[n] / temperature)
            total -= sum(q[k, n] * np.log(p[k]) for k in range(len(c)))
    return float(total / (2 * len(z_t)))


def swapped_prediction_gradient(
    z_t: Matrix,
    z_s: Matrix,
    prototypes: Matrix,
    queue_t: Matrix | None = None,
    queue_s: Matrix | None = None,
    *,
    temperature: float = 0.1,
    epsilon: float = 0.05,
    iterations: int = 3,
) -> tuple[Matrix, ...]:
    """By views and prototypes; a zero for each queue."""
    views, c = (unit(z_t), unit(z_s)), unit(prototypes)
    q_t, q_s = both_codes(views, c, (queue_t, queue_s), epsilon, iterations)
    by_views, by_c = [], np.zeros_like(c)
    for raw, z, q in ((z_t, views[0], q_s), (z_s, views[1], q_t)):
        by_z = np.zeros_like(z)
        for n in range(len(z)):
            surplus = (softmax(c @ z[n] / temperature) - q[:, n]) / temperature / (2 * len(z))
            pull = surplus @ c
            by_z[n] = (pull - (pull @ z[n]) * z[n]) / np.linalg.norm(raw[n])
            by_c += np.outer(surplus, z[n])
        by_views.append(by_z)
    for k in range(len(c)):
        by_c[k] = (by_c[k] - (by_c[k] @ c[k]) * c[k]) / np.linalg.norm(prototypes[k])
    queues = [np.zeros_like(queue) for queue in (queue_t, queue_s) if queue is not None]
    return (*by_views, by_c, *queues)
