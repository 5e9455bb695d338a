"""Binary cross-entropy between scores of real and corrupted pairs."""

from __future__ import annotations

import math
from typing import final

from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar.checks import check_scores
from nearfar.objectives._objective import Objective
from nearfar.ops import widen

__all__ = ["BinaryDiscriminationLoss", "binary_discrimination_loss"]


def binary_discrimination_loss(
    positives: Float[Tensor, "*positives"], negatives: Float[Tensor, "*negatives"]
) -> Float[Tensor, ""]:
    r"""Binary cross-entropy of a critic's scores, real against corrupted pairs.

    .. math:: L = -\frac1{N + M} \Big(\sum_{i=1}^{N} \ln \sigma(s_i)
                + \sum_{j=1}^{M} \ln\big(1 - \sigma(\tilde s_j)\big)\Big), \qquad
              \sigma(x) = \frac1{1 + e^{-x}}

    with :math:`s_i` the scores of N real pairs (a patch and its summary) and :math:`\tilde s_j`
    those of M corrupted ones. Scores are logits; the sigmoid is computed stably, in float32 or
    wider.

    Args:
        positives: Scores of real pairs, of any shape.
        negatives: Scores of corrupted pairs, of any shape and number.

    Returns:
        Mean over all N + M scores.

    Raises:
        ValueError: No score.
        TypeError: Integer tensors.

    Scale:
        Perfect classification: 0, the minimum. Chance (all scores 0): ln 2, which is also the
        minimum of a constant critic with equally many pairs of both kinds, so of complete collapse.
        Unbounded above.

    Cost:
        Time and memory that of the scores. Does not couple the batch if every shard has the same
        number of each kind.

    Relations:
        Binary cross-entropy with logits. With N = M it is half of :func:`jensen_shannon_loss`
        (torch-geometric's DeepGraphInfomax has the latter's value, as it adds the means of both
        kinds); otherwise the more numerous kind has more weight here.

    Reference:
        Veličković et al., ICLR 2019 (arXiv 1809.10341), equation 1, there maximised; authors' code
        PetarV-/DGI at 61baf67.

    Example:
        >>> import torch
        >>> positives, negatives = torch.tensor([2.0, 1.0]), torch.tensor([-1.0, 0.0, -2.0])
        >>> print(f"{binary_discrimination_loss(positives, negatives):.4f}")
        0.3147
    """
    check_scores(positives=positives, negatives=negatives)
    right, wrong = F.softplus(-widen(positives)).sum(), F.softplus(widen(negatives)).sum()
    return (right + wrong) / (positives.numel() + negatives.numel())


@final
class BinaryDiscriminationLoss(Objective):
    """:func:`binary_discrimination_loss` as a module."""

    def forward(self, positives: Tensor, negatives: Tensor) -> Tensor:
        """The loss of a critic's scores."""
        return binary_discrimination_loss(positives, negatives)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """The logarithm of 2: all scores are 0."""
        return math.log(2)
