"""Information on a finite table p(x, s, t), arXiv 2006.05576, from the definitions, in loops."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

Table = NDArray[np.float64]
Outcome = dict[str, int]
World = list[tuple[Outcome, float]]


def world(joint: Table, channel: Table | None = None) -> World:
    """Every outcome of (x, s, t), and z where a channel p(z|x) is given, with its probability."""
    outcomes = []
    for x, s, t in np.ndindex(joint.shape):
        codes = [1.0] if channel is None else channel[x]
        for z, share in enumerate(codes):
            outcomes.append(({"x": x, "s": s, "t": t, "z": z}, float(joint[x, s, t] * share)))
    return outcomes


def as_channel(codes: Sequence[int]) -> Table:
    """p(z|x) of a map, with one column for each code in use."""
    names = sorted(set(codes))
    return np.array([[1.0 if code == name else 0.0 for name in names] for code in codes])


def marginal(outcomes: World, names: str) -> dict[tuple[int, ...], float]:
    sums: dict[tuple[int, ...], float] = defaultdict(float)
    for outcome, probability in outcomes:
        sums[tuple(outcome[name] for name in names)] += probability
    return sums


def entropy(outcomes: World, names: str) -> float:
    return -sum(p * math.log(p) for p in marginal(outcomes, names).values() if p > 0)


def information(outcomes: World, a: str, b: str, given: str = "") -> float:
    """I(a; b | given) = sum p(a, b, c) ln [p(a, b, c) p(c) / (p(a, c) p(b, c))]."""
    abc, ac = marginal(outcomes, a + b + given), marginal(outcomes, a + given)
    bc, c = marginal(outcomes, b + given), marginal(outcomes, given)
    total = 0.0
    for values, p in abc.items():
        va, vb, vc = (values[: len(a)], values[len(a) : len(a) + len(b)], values[len(a) + len(b) :])
        if p > 0:
            total += p * math.log(p * c[vc] / (ac[va + vc] * bc[vb + vc]))
    return total


def bayes_error(outcomes: World) -> float:
    best: dict[int, float] = defaultdict(float)
    for (z, _), p in marginal(outcomes, "zt").items():
        best[z] = max(best[z], p)
    return 1 - sum(best.values())


def partitions(items: list[int]) -> Iterator[list[int]]:
    """Every map of the items to codes, one for each way of grouping them."""

    def grow(codes: list[int]) -> Iterator[list[int]]:
        if len(codes) == len(items):
            yield codes
            return
        for code in range(max(codes, default=-1) + 2):
            yield from grow([*codes, code])

    yield from grow([])
