"""Distances of losses from their limits, and points spread out by gradient."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["perfect_distance", "sampled_distance", "spread_points", "uniform_excess"]

_DRAWN = 25  # doublings of the number of negatives whose distances are drawn


def uniform_excess(dim: int, most: int, seed: int) -> dict[str, float]:
    """Uniformity of 16, 64, …, `most` uniform points above its minimum, self-pairs included."""
    import torch

    from nearfar.objectives import uniformity_loss
    from nearfar.theory import uniformity_minimum

    generator = torch.Generator().manual_seed(seed)
    points = torch.randn(most, dim, generator=generator, dtype=torch.float64)
    counts = [4**k for k in range(2, 13) if 4**k <= most]
    limit = uniformity_minimum(dim)
    above = [float(uniformity_loss(points[:n], include_self=True)) - limit for n in counts]
    return _summary(limit, counts, above, at=counts[-1]) | {"below": -min(above)}


def perfect_distance(dim: int, temperature: float) -> dict[str, Any]:
    """Exact distance of L − ln M from its limit for a perfectly aligned and uniform encoder."""
    from nearfar.theory import perfect_contrastive_loss

    limit = perfect_contrastive_loss(dim, temperature=temperature)
    last = math.ceil(math.log2(1_000) + 2 / temperature / math.log(2))
    negatives = [2**k for k in range(last + 1)]
    distances = [
        perfect_contrastive_loss(dim, temperature=temperature, num_negatives=m)
        - math.log(m)
        - limit
        for m in negatives
    ]
    late = [m >= math.exp(2 / temperature) for m in negatives]
    values = _summary(limit, negatives, distances, at=4_096, fitted=late)
    curve = [{"doublings": k, "distance": d} for k, d in enumerate(distances[:_DRAWN])]
    rise = float(np.diff(distances).max())
    return values | {"below": -min(distances), "rise": rise, "curve": curve}


def sampled_distance(temperature: float, seed: int) -> dict[str, Any]:
    """The same for Gaussian classes, whose views differ, with negatives drawn from 2,000."""
    from nearfar.data import GaussianClasses
    from nearfar.theory import contrastive_limit

    drawn = GaussianClasses(5, 8, seed=seed).draw(2_000, seed=seed)
    first, second = drawn.embeddings.double()
    limit = contrastive_limit(first, second, first, temperature=temperature).total
    potentials = (first @ first.T / temperature).exp().numpy()
    positive = ((first * second).sum(dim=1) / temperature).exp().numpy()
    log_means = np.log(potentials.mean(axis=1))
    negatives = [4**k for k in range(2, 7)]
    rng = np.random.default_rng(seed)
    sums = np.zeros(len(negatives))
    draws = 10
    for own, plus, log_mean in zip(potentials, positive, log_means, strict=True):
        chosen = own[rng.integers(len(own), size=(draws, negatives[-1]))].cumsum(axis=1)
        several = np.asarray(negatives)
        found = np.log((plus + chosen[:, several - 1]) / several) - log_mean
        sums += found.mean(axis=0)
    distances = np.abs(sums / len(potentials))
    values = _summary(limit, negatives, distances, at=4_096)
    curve = [
        {"doublings": math.log2(m), "distance": float(d)}
        for m, d in zip(negatives, distances, strict=True)
    ]
    return values | {"curve": curve}


def spread_points(points: int, dim: int, seed: int) -> dict[str, float]:
    """Points whose uniformity was minimized from a random start: energy and spacing."""
    import torch

    from nearfar.objectives import uniformity_loss
    from nearfar.theory import few_point_minimum, uniformity_floor

    generator = torch.Generator().manual_seed(seed)
    moved = torch.randn(points, dim, generator=generator, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [moved],
        max_iter=5_000,
        tolerance_grad=1e-14,
        tolerance_change=1e-18,
        history_size=50,
        line_search_fn="strong_wolfe",
    )

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        loss = uniformity_loss(moved)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    units = torch.nn.functional.normalize(moved.detach(), dim=1)
    distances = torch.cdist(units, units).fill_diagonal_(math.inf)
    near = distances.sort(dim=1).values[:, : 2 if dim == 2 else 1]  # both neighbors on the circle
    energy = float(uniformity_loss(units))
    floor = uniformity_floor(dim, points)
    values = {
        "limit": floor,
        "below": floor - energy,
        "spacing": float(near.max() / near.min()) - 1,
    }
    known = dim == 2 or points <= dim + 1 or points == 2 * dim
    return values | ({"at": energy - few_point_minimum(points, dim)} if known else {})


def _summary(
    limit: float,
    counts: Sequence[int],
    distances: Any,
    *,
    at: int,
    fitted: Sequence[bool] | None = None,
) -> dict[str, float]:
    """The limit, the distance at one count, the slope of its logarithm on that of the count."""
    x, y = np.asarray(counts, dtype=float), np.asarray(distances, dtype=float)
    chosen = (y > 0) & (np.ones(len(x), dtype=bool) if fitted is None else np.asarray(fitted))
    slope = float(np.polyfit(np.log(x[chosen]), np.log(y[chosen]), 1)[0])
    return {"limit": limit, "at": float(y[list(counts).index(at)]), "slope": slope}
