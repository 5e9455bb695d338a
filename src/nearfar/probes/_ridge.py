"""The linear probe of numbers: ridge regression on frozen embeddings."""

from __future__ import annotations

from typing import Final, final

import torch
from jaxtyping import Float, Num
from torch import Tensor

from nearfar.checks import check_positive
from nearfar.probes._principal_axes import PrincipalAxes, few_threads
from nearfar.probes._value_probe import RegressionProbe

__all__ = ["RidgeProbe", "ridge_r2"]

_STRENGTHS: Final = tuple(10.0**power for power in range(4, -7, -1))


def ridge_r2(
    embeddings: Float[Tensor, "samples dim"],
    targets: Num[Tensor, " samples"],
    test_embeddings: Float[Tensor, "tests dim"],
    test_targets: Num[Tensor, " tests"],
    *,
    l2: float | None = None,
) -> float:
    r"""R² of ridge regression on frozen embeddings.

    .. math:: \min_{w, b} \; \frac1n \sum_i (w^\top \tilde z_i + b - y_i)^2
              + \lambda \lVert w \rVert^2

    with every column of :math:`\tilde z` standardised on the training rows.

    Args:
        embeddings: Rows to fit.
        targets: Their numbers.
        test_embeddings: Rows to predict.
        test_targets: Their true numbers.
        l2: The formula's :math:`\lambda`; None chooses among 1e4 … 1e-6 by the leave-one-out error
            of the training rows.

    Returns:
        The fraction of the variance of the test targets that is explained.

    Raises:
        ValueError: Lengths that differ, numbers that are all equal, NaN or infinity.

    Range:
        At most 1; predicting the mean gives 0.

    Reading:
        The standard evaluation of representations for numbers. Compare with raw inputs and with the
        untrained encoder.

    Reference:
        ``RidgeCV`` of scikit-learn.

    Example:
        >>> x = torch.tensor([[0.0], [1.0], [2.0], [3.0]])
        >>> round(ridge_r2(x, 2 * x[:, 0], x, 2 * x[:, 0]), 4)
        1.0
    """
    return RidgeProbe(l2=l2).fit(embeddings, targets).score(test_embeddings, test_targets)


@final
class RidgeProbe(RegressionProbe):
    r"""The probe of :func:`ridge_r2`.

    Attributes:
        chosen_l2: :math:`\lambda` of the last fit.
    """

    def __init__(self, *, l2: float | None = None) -> None:
        if l2 is not None:
            check_positive(l2=l2)
        self.l2 = l2

    def _fit(self, embeddings: Tensor, targets: Tensor, folds: Tensor | None) -> None:
        with few_threads(embeddings):
            axes = PrincipalAxes.of(embeddings)
            centered = (targets - targets.mean()).to(axes.scores.dtype)
            strengths = _STRENGTHS if self.l2 is None else (self.l2,)
            self.chosen_l2 = min(strengths, key=lambda l2: _error(axes, centered, l2, folds))
            products = axes.scores.T @ centered / len(centered)
            weights = products / (axes.variances + self.chosen_l2)
            self._weights = axes.in_columns(weights.unsqueeze(0))[0]
            self._bias = targets.mean()
            self._axes = axes.without_scores()

    @torch.no_grad()
    def _predict(self, embeddings: Tensor) -> Tensor:
        return self._axes.standardized(embeddings) @ self._weights + self._bias


def _error(axes: PrincipalAxes, centered: Tensor, l2: float, folds: Tensor | None) -> float:
    """Mean squared error of held-out samples or folds, without refitting.

    Predictions are H y; a sample's error without it is its residual / (1 − H_ii), and a fold's
    errors are (I − H_ff)⁻¹ times its residuals.
    """
    samples = len(centered)
    scores, variances = axes.scores.double(), axes.variances.double()
    shrunk = scores / (samples * (variances + l2))
    residual = centered.double() - shrunk @ (scores.T @ centered.double())
    if folds is None:
        leverage = (shrunk * scores).sum(dim=1) + 1 / samples
        left = residual / (1 - leverage).clamp_min(1e-12)
        return float(left.square().mean())
    total = 0.0
    for fold in torch.unique(folds):
        inside = folds == fold
        hat = shrunk[inside] @ scores[inside].T + 1 / samples
        without = torch.eye(len(hat), dtype=hat.dtype, device=hat.device) - hat
        total += float(torch.linalg.lstsq(without, residual[inside, None]).solution.square().sum())
    return total / samples
