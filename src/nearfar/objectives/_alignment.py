"""Alignment: mean distance between two views of a sample on the sphere."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_positive, check_same_shape
from nearfar.objectives._objective import Objective
from nearfar.ops import to_sphere

__all__ = ["AlignmentLoss", "alignment_loss"]


def alignment_loss(
    z1: Float[Tensor, "batch dim"], z2: Float[Tensor, "batch dim"], *, alpha: float = 2.0
) -> Float[Tensor, ""]:
    r"""Pull the two views of a sample together, without negatives.

    .. math:: L = \frac1N \sum_{i=1}^{N} \lVert u_i - v_i \rVert_2^\alpha, \qquad
              u_i = z^1_i / \lVert z^1_i \rVert, \; v_i = z^2_i / \lVert z^2_i \rVert

    Vectors are normalised internally; sums accumulate in float32 or wider.

    Args:
        z1: First view's projections, non-zero.
        z2: Second view's projections, in the same order.
        alpha: Exponent of the distance, above 0. The gradient of a pair at distance 0 is set to 0.

    Returns:
        Mean over pairs.

    Raises:
        ValueError: Not two matrices of equal shape, or a non-positive `alpha`.
        TypeError: Integer tensors.

    Scale:
        Perfect alignment or complete collapse: 0. Unrelated uniform views in many dimensions:
        about 2^(α/2). Bounded by 0 and 2^α (opposite views).

    Cost:
        Time and memory batch·dim. Does not couple the batch.

    Relations:
        With ``alpha=2`` it is ``2 − 2·cos``, the value of :func:`byol_loss`. Alone it is minimised
        by a constant encoder; :func:`uniformity_loss` is its counterpart.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), section 4.1.1; authors' code
        ssnl/align_uniform at 78ccdb1.

    Example:
        >>> import torch
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> z2 = torch.tensor([[0.8, 0.6], [0.6, 0.8]])
        >>> print(f"{alignment_loss(z1, z2):.4f}, {alignment_loss(z1, z2, alpha=1.0):.4f}")
        0.4000, 0.6325
    """
    check_matrix(z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_positive(alpha=alpha)
    squares = (to_sphere(z1) - to_sphere(z2)).square().sum(dim=1)
    if alpha == 2:
        return squares.mean()
    apart = squares > 0  # 0 has no finite gradient for alpha < 2
    return squares.where(apart, 1.0).pow(alpha / 2).where(apart, 0.0).mean()


@final
@documented_by(alignment_loss)
class AlignmentLoss(Objective):
    """:func:`alignment_loss` with its hyper-parameters stored."""

    def __init__(self, *, alpha: float = 2.0) -> None:
        super().__init__()
        check_positive(alpha=alpha)
        self.alpha = alpha

    def forward(self, z1: Tensor, z2: Tensor) -> Tensor:
        """The loss of two views' projections."""
        return alignment_loss(z1, z2, alpha=self.alpha)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""
