"""BYOL's regression of normalised targets."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_matrix, check_same_shape
from nearfar.objectives._objective import Objective
from nearfar.ops import to_sphere

__all__ = ["BYOLLoss", "byol_loss"]


def byol_loss(
    predictions: Float[Tensor, "batch dim"], targets: Float[Tensor, "batch dim"]
) -> Float[Tensor, ""]:
    r"""Pull each prediction towards its target, without negatives.

    .. math:: L = \frac1N \sum_{i=1}^{N} \lVert \bar p_i - \bar t_i \rVert_2^2
                = 2 - \frac2N \sum_{i=1}^{N} \cos(p_i, t_i), \qquad
              \bar p_i = p_i / \lVert p_i \rVert, \; \bar t_i = t_i / \lVert t_i \rVert

    One direction; the method adds both and decides what is detached. Gradients flow into both
    arguments unless they are detached. Vectors are normalised internally; sums accumulate in
    float32 or wider.

    Args:
        predictions: The online network's predictions, non-zero.
        targets: The other view's projections by the target network, in the same order.

    Returns:
        Mean over samples.

    Raises:
        ValueError: Not two matrices of equal shape.
        TypeError: Integer tensors.

    Scale:
        Perfect alignment or complete collapse: 0. Unrelated directions: about 2. Bounded by 0
        and 4 (opposite directions). The paper's symmetric sum is twice one direction: 0 to 8.

    Cost:
        Time and memory batch·dim. Does not couple the batch.

    Relations:
        ``2 + 2 ×`` the negative cosine. Equal in value to :func:`alignment_loss` with ``alpha=2``.

    Reference:
        Grill et al., NeurIPS 2020 (arXiv 2006.07733), equation 2; authors' code
        google-deepmind/deepmind-research, folder byol.

    Example:
        >>> import torch
        >>> predictions = torch.tensor([[1.0, 0.0], [0.0, 2.0]])
        >>> targets = torch.tensor([[4.0, 3.0], [0.0, 1.0]])
        >>> print(f"{byol_loss(predictions, targets):.4f}")
        0.2000
    """
    check_matrix(predictions=predictions, targets=targets)
    check_same_shape(predictions=predictions, targets=targets)
    return (to_sphere(predictions) - to_sphere(targets)).square().sum(dim=1).mean()


@final
class BYOLLoss(Objective):
    """:func:`byol_loss` as a module."""

    def forward(self, predictions: Tensor, targets: Tensor) -> Tensor:
        """The loss of one direction."""
        return byol_loss(predictions, targets)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""
