"""The Donsker–Varadhan bound on mutual information, from a critic's scores."""

from __future__ import annotations

import math
from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_scores
from nearfar.objectives._objective import Objective
from nearfar.ops import widen

__all__ = ["DonskerVaradhanLoss", "donsker_varadhan_loss"]


def donsker_varadhan_loss(
    joint: Float[Tensor, "*joint"], marginal: Float[Tensor, "*marginal"]
) -> Float[Tensor, ""]:
    r"""Minus the mean score of joint pairs, plus the log-mean-exp score of marginal pairs.

    .. math:: L = -\Big(\mathbb E_{P}[T] - \ln \mathbb E_{Q}\big[e^{T}\big]\Big)

    with :math:`T` the scores, :math:`P` the joint distribution and :math:`Q` the product of its
    marginals; expectations are means over the given scores. Computed with a log-sum-exp, so large
    scores do not overflow. Float32 or wider.

    Args:
        joint: Scores of pairs from the joint distribution, of any shape.
        marginal: Scores of pairs from the product of marginals, of any shape and number.

    Returns:
        The bound, negated.

    Raises:
        ValueError: No score.
        TypeError: Integer tensors.

    Scale:
        Chance or complete collapse (all scores equal): 0. With exact expectations at least minus
        the mutual information; for samples unbounded on both sides: joint scores of 3 with
        marginal scores of −3 give −6.

    Cost:
        Time and memory that of the scores. Couples the batch through the logarithm of a mean:
        gather first.

    Relations:
        The best critic is ``ln(P/Q)`` plus any constant, where this is minus the mutual
        information; that of :func:`jensen_shannon_loss` is ``ln(P/Q)`` itself. The bound from
        :func:`info_nce_loss` is capped at the log number of candidates, this one is not.

    Reference:
        Hjelm et al., ICLR 2019 (arXiv 1808.06670), section 3.1, after Belghazi et al., ICML 2018
        (arXiv 1801.04062), which corrects the gradient's small-batch bias with a moving average;
        neither Hjelm et al. nor this function does.

    Example:
        >>> import torch
        >>> joint, marginal = torch.tensor([2.0, 1.0]), torch.tensor([-1.0, 0.0, -2.0])
        >>> print(f"{donsker_varadhan_loss(joint, marginal):.4f}")
        -2.1910
    """
    check_scores(joint=joint, marginal=marginal)
    log_mean = widen(marginal).flatten().logsumexp(dim=0) - math.log(marginal.numel())
    return log_mean - widen(joint).mean()


@final
class DonskerVaradhanLoss(Objective):
    """:func:`donsker_varadhan_loss` as a module."""

    def forward(self, joint: Tensor, marginal: Tensor) -> Tensor:
        """The loss of a critic's scores."""
        return donsker_varadhan_loss(joint, marginal)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """0: all scores are equal."""
        return 0.0
