"""SimSiam's negative cosine similarity."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_matrix, check_same_shape
from nearfar.objectives._objective import Objective
from nearfar.ops import to_sphere

__all__ = ["NegativeCosineLoss", "negative_cosine_loss"]


def negative_cosine_loss(
    predictions: Float[Tensor, "batch dim"], targets: Float[Tensor, "batch dim"]
) -> Float[Tensor, ""]:
    r"""Pull each prediction towards its target, without negatives.

    .. math:: D(p, z) = -\frac1N \sum_{i=1}^{N} \cos(p_i, z_i)

    One direction. Gradients flow into both arguments; where they must stop, as in SimSiam, the
    method detaches the targets. Vectors are normalised internally; sums accumulate in float32 or
    wider.

    Args:
        predictions: Predictions from one view, non-zero.
        targets: Projections of the other view, in the same order.

    Returns:
        Mean over samples.

    Raises:
        ValueError: Not two matrices of equal shape.
        TypeError: Integer tensors.

    Scale:
        Perfect alignment or complete collapse: −1. Unrelated directions: about 0. Bounded by −1
        and 1 (opposite directions): a loss near −1 does not mean that anything was learnt.

    Cost:
        Time and memory batch·dim. Does not couple the batch.

    Relations:
        SimSiam's loss is the mean of both directions with detached targets, ``D(p1, z2)/2 +
        D(p2, z1)/2``; Zhang et al. use their sum, twice that. Half the squared distance of the
        unit vectors minus 1: ``byol_loss / 2 − 1``, ``alignment_loss / 2 − 1``.

    Reference:
        Chen & He, CVPR 2021 (arXiv 2011.10566), equation 1; authors' code facebookresearch/simsiam.

    Example:
        >>> import torch
        >>> predictions = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
        >>> targets = torch.tensor([[4.0, 3.0], [0.0, 1.0]])
        >>> print(f"{negative_cosine_loss(predictions, targets):.4f}")
        -0.9000
    """
    check_matrix(predictions=predictions, targets=targets)
    check_same_shape(predictions=predictions, targets=targets)
    return -(to_sphere(predictions) * to_sphere(targets)).sum(dim=1).mean()


@final
class NegativeCosineLoss(Objective):
    """:func:`negative_cosine_loss` as a module."""

    def forward(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """The loss of one direction."""
        return negative_cosine_loss(predictions, targets)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""
