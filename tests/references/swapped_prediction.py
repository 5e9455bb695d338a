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
    k, b = q.shape
    if iterations == 0:
        return np.stack([q[:, column] / q[:, column].sum() for column in range(b)], axis=1)
    q /= q.sum()
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


def pairs(
    z_t: Matrix, z_s: Matrix, small: NDArray[np.float64] | None, q: list[Matrix]
) -> list[tuple[int, Matrix, Matrix, float]]:
    """Number and rows of a view, another one's code, and the weight of that pair; equation 6."""
    raw = [z_t, z_s, *([] if small is None else small)]
    found = []
    for i in range(2):
        for v, view in enumerate(raw):
            if v != i:
                found.append((v, view, q[i], 1 / 2 / (len(raw) - 1)))
    return found


def swapped_prediction(  # noqa: PLR0917
    z_t: Matrix,
    z_s: Matrix,
    prototypes: Matrix,
    queue_t: Matrix | None = None,
    queue_s: Matrix | None = None,
    small: NDArray[np.float64] | None = None,
    *,
    temperature: float = 0.1,
    epsilon: float = 0.05,
    iterations: int = 3,
) -> float:
    c = unit(prototypes)
    q = both_codes((unit(z_t), unit(z_s)), c, (queue_t, queue_s), epsilon, iterations)
    total = 0.0
    for _, raw, code, weight in pairs(z_t, z_s, small, q):
        z = unit(raw)
        for n in range(len(z)):
            p = softmax(c @ z[n] / temperature)
            total -= weight * sum(code[k, n] * np.log(p[k]) for k in range(len(c))) / len(z)
    return float(total)


def swapped_prediction_gradient(  # noqa: PLR0917
    z_t: Matrix,
    z_s: Matrix,
    prototypes: Matrix,
    queue_t: Matrix | None = None,
    queue_s: Matrix | None = None,
    small: NDArray[np.float64] | None = None,
    *,
    temperature: float = 0.1,
    epsilon: float = 0.05,
    iterations: int = 3,
) -> tuple[NDArray[np.float64], ...]:
    """By large views and prototypes, a zero for each queue, by small views."""
    c = unit(prototypes)
    q = both_codes((unit(z_t), unit(z_s)), c, (queue_t, queue_s), epsilon, iterations)
    by_c = np.zeros_like(c)
    by_view = [np.zeros_like(z_t) for _ in range(2 if small is None else 2 + len(small))]
    for v, raw, code, weight in pairs(z_t, z_s, small, q):
        z = unit(raw)
        for n in range(len(z)):
            surplus = (softmax(c @ z[n] / temperature) - code[:, n]) / temperature
            surplus *= weight / len(z)
            pull = surplus @ c
            by_view[v][n] += (pull - (pull @ z[n]) * z[n]) / np.linalg.norm(raw[n])
            by_c += np.outer(surplus, z[n])
    for k in range(len(c)):
        by_c[k] = (by_c[k] - (by_c[k] @ c[k]) * c[k]) / np.linalg.norm(prototypes[k])
    queues = [np.zeros_like(queue) for queue in (queue_t, queue_s) if queue is not None]
    by_small = [] if small is None else [np.stack(by_view[2:])]
    return (*by_view[:2], by_c, *queues, *by_small)
