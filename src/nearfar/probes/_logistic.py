"""Penalised logistic regression in principal axes, with the strength chosen on held-out rows."""

from __future__ import annotations

import math
from typing import Final, Literal, TypeAlias

import torch
import torch.nn.functional as F
from torch import Tensor

from nearfar.probes._folds import stratified_folds
from nearfar.probes._minimizer import minimized

__all__ = ["STRENGTHS", "Link", "fit_logistic"]

Link: TypeAlias = Literal["softmax", "sigmoid"]
"""One class per sample, or any number of labels."""
STRENGTHS: Final = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6)
_HELD_OUT: Final = 5  # one fold in five is used to choose the strength
_CHOOSERS: Final = 60_000  # maximum number of rows used for the choice
_TRIAL: Final = 60  # iterations per strength: their ranking settles long before the weights
_ITERATIONS: Final = 300
_CONFUSION: Final = 0.05
"""Typical p (1 − p) during training: converts a variance into a curvature."""


def fit_logistic(
    rows: Tensor,
    variances: Tensor,
    targets: Tensor,
    indices: Tensor,
    *,
    link: Link,
    l2: float | None,
    folds: Tensor | None = None,
) -> tuple[float, Tensor]:
    """The strength and the weights (outputs × axes and a bias).

    Args:
        rows: Samples in their principal axes.
        variances: Variance of each axis.
        targets: Samples × outputs: one hot, or 0 and 1.
        indices: Class of each sample, by which the held-out fifth is stratified.
        link: Softmax or one sigmoid per output.
        l2: Strength of the penalty; None to choose it.
        folds: Fold of each sample, of which the first is held out for the choice; by default
            stratified.
    """
    start = rows.new_zeros(targets.shape[1], rows.shape[1] + 1)
    if l2 is None:
        l2, start = _choose(rows, variances, targets, start, indices=indices, link=link, fold=folds)
    return l2, _solve(rows, variances, targets, l2, start, link=link)


def _solve(
    rows: Tensor,
    variances: Tensor,
    targets: Tensor,
    l2: float,
    start: Tensor,
    *,
    link: Link,
    trial: bool = False,
) -> Tensor:
    """Minimise from `start`; the problem is convex, so the start only affects the time.

    The columns of `rows` are principal axes, where the Hessian is nearly diagonal: scaling weights
    by the inverse square root of its diagonal takes a tenth of the iterations.
    """
    units = torch.cat([(_CONFUSION * variances + l2).rsqrt(), variances.new_ones(1)])

    def loss(scaled: Tensor) -> tuple[float, Tensor]:
        weights = scaled.view_as(start) * units
        fit, slope = _fit_and_slope(rows, weights, targets, link)
        slope[:, :-1] += l2 * weights[:, :-1]
        total = fit + 0.5 * l2 * weights[:, :-1].square().sum()
        return float(total), (slope * units).flatten()

    found = minimized(
        loss,
        (start / units).flatten(),
        iterations=_TRIAL if trial else _ITERATIONS,
        slope=1e-4 if trial else 1e-5,
        change=1e-5 if trial else 1e-7,
    )
    return found.view_as(start) * units


def _fit_and_slope(
    rows: Tensor, weights: Tensor, targets: Tensor, link: Link
) -> tuple[Tensor, Tensor]:
    """Mean negative log-likelihood, and its gradient by the weights and the bias."""
    logits = torch.addmm(weights[:, -1], rows, weights[:, :-1].T)
    if link == "softmax":
        logs = logits.log_softmax(dim=1)
        fit, chance = -(logs * targets).sum(), logs.exp_()
    else:
        fit = F.binary_cross_entropy_with_logits(logits, targets, reduction="sum")
        chance = logits.sigmoid_()
    wrong = chance.sub_(targets).div_(rows.shape[0])
    slope = torch.cat([wrong.T @ rows, wrong.sum(dim=0).unsqueeze(1)], dim=1)
    return fit / rows.shape[0], slope


def _choose(
    rows: Tensor,
    variances: Tensor,
    targets: Tensor,
    weights: Tensor,
    *,
    indices: Tensor,
    link: Link,
    fold: Tensor | None,
) -> tuple[float, Tensor]:
    """The strength with the best held-out log-likelihood, and its weights.

    From strong to weak, warm-started. The penalty acts as a fixed number of prior observations, so
    it is rescaled by the number of rows for the final fit.
    """
    if fold is None:
        folds = max(_HELD_OUT, math.ceil(rows.shape[0] * _HELD_OUT / _CHOOSERS))
        fold = stratified_folds(indices, folds=folds, seed=0)
    held_out, used = fold == 0, (fold > 0) & (fold < _HELD_OUT)
    train, known = rows[used], targets[used]
    test, true = rows[held_out], targets[held_out]
    best = (math.inf, STRENGTHS[0], weights)
    for l2 in STRENGTHS:
        weights = _solve(train, variances, known, l2, weights, link=link, trial=True)
        loss = float(_fit_and_slope(test, weights, true, link)[0])
        if loss > best[0]:
            break  # weaker penalties would overfit more
        best = (loss, l2, weights)
    return best[1] * train.shape[0] / rows.shape[0], best[2]
