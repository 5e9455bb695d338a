"""Jensen–Shannon: tell pairs drawn together from pairs drawn apart, by their scores."""

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
    r"""Raise the critic's scores of pairs drawn together, lower those of pairs drawn apart.

    .. math:: L = \mathbb E_{P}\big[\mathrm{sp}(-T)\big] + \mathbb E_{Q}\big[\mathrm{sp}(T)\big],
              \qquad \mathrm{sp}(x) = \ln(1 + e^x)

    with :math:`T` the scores, :math:`P` the joint distribution and :math:`Q` the product of its
    marginals; expectations are means over all the scores given. Float32 or wider.

    Args:
        joint: Scores of pairs drawn together, of any shape.
        marginal: Scores of pairs drawn apart, of any shape and number.

    Returns:
        The two means' sum.

    Raises:
        ValueError: No score.
        TypeError: Integer tensors.

    Scale:
        Pairs told apart surely: 0, the minimum. Chance (no score differs from 0): 2 ln 2, the
        least of a constant critic too, so of complete collapse. Not bounded above.

    Cost:
        Time and memory that of the scores. Two means: does not couple the batch, though drawing
        pairs apart may (gather first then).

    Relations:
        The best critic is ``ln(P/Q)``, where this is ``2 ln 2 − 2 JS(P, Q)`` in nats. With as many
        scores of both kinds it is twice :func:`binary_discrimination_loss`. Trained with it, a
        critic's mean score of joint pairs estimates the mutual information.

    Reference:
        Hjelm et al., ICLR 2019 (arXiv 1808.06670), section 3.1; authors' code rdevon/DIM at
        91f46d3, which takes ln 2 from both expectations: 2 ln 2 less than this, so 0 at chance.

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
    """:func:`jensen_shannon_loss`, which has nothing to remember."""

    def forward(self, joint: Tensor, marginal: Tensor) -> Tensor:
        """The loss of a critic's scores."""
        return jensen_shannon_loss(joint, marginal)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """2 ln 2: every score is 0."""
        return 2 * math.log(2)
