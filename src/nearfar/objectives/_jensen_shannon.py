"""The Jensen–Shannon estimator's loss, from a critic's scores."""

from __future__ import annotations

import math
from typing import final

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar.checks import check_scores
from nearfar.objectives._objective import Objective
from nearfar.ops import widen

__all__ = ["JensenShannonLoss", "jensen_shannon_loss"]


def jensen_shannon_loss(
    joint: Float[Tensor, "*joint"], marginal: Float[Tensor, "*marginal"]
) -> Float[Tensor, ""]:
    r"""Raise the critic's scores of joint pairs, lower those of marginal pairs.

    .. math:: L = \mathbb E_{P}\big[\mathrm{sp}(-T)\big] + \mathbb E_{Q}\big[\mathrm{sp}(T)\big],
              \qquad \mathrm{sp}(x) = \ln(1 + e^x)

    with :math:`T` the scores, :math:`P` the joint distribution and :math:`Q` the product of its
    marginals; expectations are means over the given scores. Float32 or wider.

    Args:
        joint: Scores of pairs from the joint distribution, of any shape.
        marginal: Scores of pairs from the product of marginals, of any shape and number.

    Returns:
        Sum of the two means.

    Raises:
        ValueError: No score.
        TypeError: Integer tensors.

    Scale:
        Perfect classification: 0, the minimum. Chance (all scores 0): 2 ln 2, also the minimum of
        a constant critic, so of complete collapse. Unbounded above.

    Cost:
        Time and memory that of the scores. Does not couple the batch, though forming marginal
        pairs may (then gather first).

    Relations:
        The best critic is ``ln(P/Q)``, where this is ``2 ln 2 − 2 JS(P, Q)`` in nats. With equally
        many scores of both kinds it is twice :func:`binary_discrimination_loss`. The mean joint
        score of a critic trained with it estimates the mutual information.

    Reference:
        Hjelm et al., ICLR 2019 (arXiv 1808.06670), section 3.1; authors' code rdevon/DIM at
        91f46d3, which subtracts ln 2 from each expectation: 2 ln 2 less than this, 0 at chance.

    Example:
        >>> import torch
        >>> joint, marginal = torch.tensor([2.0, 1.0]), torch.tensor([-1.0, 0.0, -2.0])
        >>> print(f"{jensen_shannon_loss(joint, marginal):.4f}")
        0.5979
    """
    check_scores(joint=joint, marginal=marginal)
    return F.softplus(-widen(joint)).mean() + F.softplus(widen(marginal)).mean()


@final
class JensenShannonLoss(Objective):
    """:func:`jensen_shannon_loss` as a module."""

    def forward(self, joint: Tensor, marginal: Tensor) -> Tensor:
        """The loss of a critic's scores."""
        return jensen_shannon_loss(joint, marginal)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """2 ln 2: all scores are 0."""
        return 2 * math.log(2)
