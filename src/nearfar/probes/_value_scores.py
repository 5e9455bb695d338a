"""Scores of predicted numbers and of ranked labels."""

from __future__ import annotations

import torch
from jaxtyping import Float, Num
from torch import Tensor

from nearfar.checks import check_same_shape

__all__ = ["average_precisions", "mean_average_precision", "r2_score"]


def r2_score(predicted: Float[Tensor, " tests"], targets: Num[Tensor, " tests"]) -> float:
    r"""The coefficient of determination of predicted numbers.

    .. math:: R^2 = 1 - \frac{\sum_i (y_i - \hat y_i)^2}{\sum_i (y_i - \bar y)^2}

    Args:
        predicted: Predicted numbers.
        targets: True numbers, not all equal.

    Returns:
        The fraction of the variance that is explained.

    Raises:
        ValueError: Shapes that differ, or targets that are all equal.

    Range:
        At most 1; 0 for the mean of the targets, and negative for predictions that are worse.

    Example:
        >>> r2_score(torch.tensor([1.0, 2.0, 4.0]), torch.tensor([1.0, 2.0, 3.0]))
        0.5
    """
    check_same_shape(predicted=predicted, targets=targets)
    true = targets.double()
    spread = (true - true.mean()).square().sum()
    if not bool(spread > 0):
        raise ValueError(f"`targets` must not all be equal, got {len(targets)} times the same")
    return float(1 - (true - predicted.double()).square().sum() / spread)


def mean_average_precision(
    scores: Float[Tensor, "tests labels"], targets: Num[Tensor, "tests labels"]
) -> float:
    r"""The mean over labels of the average precision (macro).

    .. math:: \mathrm{AP} = \sum_k (R_k - R_{k-1}) P_k

    with precision :math:`P_k` and recall :math:`R_k` at the :math:`k`-th distinct score.

    Args:
        scores: Score of each label for each sample; only their order within a label counts.
        targets: 1 where a sample has a label, else 0. Labels without a positive sample do not
            count.

    Returns:
        The mean average precision.

    Raises:
        ValueError: Shapes that differ, or no positive sample of any label.

    Range:
        0 to 1; constant scores give the mean frequency of the labels.

    Example:
        >>> scores = torch.tensor([[0.9, 0.1], [0.8, 0.2], [0.1, 0.3]])
        >>> mean_average_precision(scores, torch.tensor([[1, 0], [0, 0], [1, 1]]))
        0.9166666666666666
    """
    check_same_shape(scores=scores, targets=targets)
    positive = targets.double()
    counted = positive.sum(dim=0) > 0
    if not bool(counted.any()):
        raise ValueError("`targets` must have a positive sample of at least one label, got none")
    ones = positive.new_ones(1, positive.shape[0])
    return float(average_precisions(scores[:, counted], positive[:, counted], ones).mean())


def average_precisions(
    scores: Float[Tensor, "tests labels"],
    targets: Float[Tensor, "tests labels"],
    weights: Float[Tensor, "draws tests"],
) -> Float[Tensor, "draws labels"]:
    """The average precision of each label under several weightings of the samples.

    A label without a positive sample of positive weight has NaN.
    """
    found = []
    for score, target in zip(scores.T, targets.T, strict=True):
        order = score.argsort(descending=True, stable=True)
        ranked, true = score[order], target[order]
        last = torch.cat([ranked[1:] != ranked[:-1], ranked.new_ones(1, dtype=torch.bool)])
        seen = weights[:, order]
        hits = (seen * true).cumsum(dim=1)[:, last]
        precision = hits / seen.cumsum(dim=1)[:, last].clamp_min(1e-300)
        gained = hits.diff(dim=1, prepend=hits.new_zeros(len(hits), 1))
        found.append((gained * precision).sum(dim=1) / hits[:, -1])
    return torch.stack(found, dim=1)
