"""NT-Logistic: logistic loss of positive and negative cosines, each on its own."""

from __future__ import annotations

import math
from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_same_shape, check_temperature
from nearfar.objectives._jensen_shannon import jensen_shannon_loss
from nearfar.objectives._objective import Objective, shared
from nearfar.ops import to_sphere

__all__ = ["NTLogisticLoss", "nt_logistic_loss"]


@documented_by(shared)
def nt_logistic_loss(
    anchors: Float[Tensor, "batch dim"],
    positives: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "batch dim"],
    *,
    temperature: float | Float[Tensor, ""],
) -> Float[Tensor, ""]:
    r"""Pull each anchor towards its positive and push it away from its negative, independently.

    .. math:: L = -\frac1N \sum_{i=1}^{N} \Big(\ln \sigma\big(\cos(a_i, p_i) / \tau\big)
                + \ln \sigma\big({-\cos(a_i, n_i)} / \tau\big)\Big), \qquad
              \sigma(x) = \frac1{1 + e^{-x}}

    with :math:`\tau` the temperature. Vectors are normalised internally; sums accumulate in
    float32 or wider.

    Args:
        anchors: One row per sample, non-zero.
        positives: One positive per anchor.
        negatives: One negative per anchor.

    Returns:
        Mean over triplets.

    Raises:
        ValueError: Not three matrices of equal shape, or a non-positive temperature.
        TypeError: Integer tensors.

    Scale:
        Perfect (positives aligned, negatives opposite): 2·ln(1 + e^(−1/τ)), the minimum. Chance
        (both orthogonal): 2 ln 2. Complete collapse: ln(1 + e^(−1/τ)) + ln(1 + e^(1/τ)), which is
        above chance. Bounded by the minimum and 2·ln(1 + e^(1/τ)).

    Cost:
        Time and memory batch·dim. Does not couple the batch.

    Relations:
        :func:`jensen_shannon_loss` of cosines over temperature. A negative's weight depends only on
        its own similarity, in :func:`nt_xent_loss` also on the other negatives'.

    Reference:
        Chen, Kornblith, Norouzi, Hinton, ICML 2020 (arXiv 2002.05709), table 2, where it is
        negated.

    Example:
        >>> import torch
        >>> anchors, positives = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.8, 0.6]])
        >>> negatives = torch.tensor([[0.0, 1.0]])
        >>> print(f"{nt_logistic_loss(anchors, positives, negatives, temperature=0.5):.4f}")
        0.8770
    """
    check_matrix(anchors=anchors, positives=positives, negatives=negatives)
    check_same_shape(anchors=anchors, positives=positives, negatives=negatives)
    check_temperature(temperature)
    anchors = to_sphere(anchors)
    near = (anchors * to_sphere(positives)).sum(dim=1)
    far = (anchors * to_sphere(negatives)).sum(dim=1)
    return jensen_shannon_loss(near / temperature, far / temperature)


@final
@documented_by(nt_logistic_loss)
class NTLogisticLoss(Objective):
    """:func:`nt_logistic_loss` with its hyper-parameters stored."""

    def __init__(self, *, temperature: float | Tensor) -> None:
        super().__init__()
        check_temperature(temperature)
        self.temperature = temperature

    def forward(self, anchors: Tensor, positives: Tensor, negatives: Tensor) -> Tensor:
        """The loss of triplets."""
        return nt_logistic_loss(anchors, positives, negatives, temperature=self.temperature)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """2 ln 2: positive and negative are orthogonal to the anchor."""
        return 2 * math.log(2)
