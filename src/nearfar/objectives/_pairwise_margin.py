"""The pairwise margin loss on labelled pairs (same or different)."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.linalg import vector_norm

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_positive, check_same_shape
from nearfar.objectives._objective import Objective
from nearfar.ops import widen

__all__ = ["PairwiseMarginLoss", "pairwise_margin_loss"]


def pairwise_margin_loss(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    same: Bool[Tensor, " batch"],
    *,
    margin: float,
) -> Float[Tensor, ""]:
    r"""Pull the vectors of a same pair together, push those of a different pair beyond a margin.

    .. math:: L = \frac1N \sum_{i=1}^{N} y_i d_i^2 + (1 - y_i) \max(0, m - d_i)^2, \qquad
              d_i = \lVert z^1_i - z^2_i \rVert_2

    with :math:`y_i = 1` for a same pair and :math:`m` the margin. Vectors are not normalised; sums
    accumulate in float32 or wider. The gradient at distance 0 is set to 0.

    Args:
        z1: One vector of each pair.
        z2: The other vector, in the same order.
        same: Whether the two are of one sample (or class).
        margin: Distance beyond which a different pair has no loss, above 0.

    Returns:
        Mean over pairs.

    Raises:
        ValueError: Not two matrices of equal shape, `same` of another length, or a non-positive
            margin.
        TypeError: Integer tensors, or `same` not boolean.

    Scale:
        Same pairs at distance 0, different ones at the margin or beyond: 0, the minimum. Complete
        collapse: the fraction of different pairs times the squared margin. No chance value;
        unbounded above.

    Cost:
        Time and memory batch·dim. Does not couple the batch.

    Relations:
        Acts on absolute distances, where :func:`triplet_loss` acts on differences of distances.

    Reference:
        Hadsell, Chopra, LeCun, CVPR 2006, equation 4, which halves both terms and writes Y = 0 for
        a same pair.

    Example:
        >>> import torch
        >>> z1, z2 = torch.zeros(2, 2), torch.tensor([[0.3, 0.4], [0.3, 0.4]])
        >>> same = torch.tensor([True, False])
        >>> print(f"{pairwise_margin_loss(z1, z2, same, margin=1.5):.3f}")
        0.625
    """
    check_matrix(z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_positive(margin=margin)
    if same.dtype != torch.bool:
        raise TypeError(f"`same` must be boolean, got {same.dtype}")
    if same.shape != z1.shape[:1]:
        raise ValueError(
            f"`same` must have one entry for each of the {z1.shape[0]} pairs,"
            f" got shape {tuple(same.shape)}"
        )
    distances: Tensor = vector_norm(widen(z1) - widen(z2), dim=1)
    return distances.where(same, (margin - distances).relu()).square().mean()


@final
@documented_by(pairwise_margin_loss)
class PairwiseMarginLoss(Objective):
    """:func:`pairwise_margin_loss` with its hyper-parameters stored."""

    def __init__(self, *, margin: float) -> None:
        super().__init__()
        check_positive(margin=margin)
        self.margin = margin

    def forward(self, z1: Tensor, z2: Tensor, same: Tensor) -> Tensor:
        """The loss of pairs."""
        return pairwise_margin_loss(z1, z2, same, margin=self.margin)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""
