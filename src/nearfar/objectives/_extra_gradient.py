"""Siamese losses with chosen parts of an extra gradient."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_same_shape
from nearfar.objectives._objective import Objective
from nearfar.ops import to_sphere, widen

__all__ = [
    "ExtraGradientLoss",
    "extra_gradient_loss",
    "simsiam_extra_gradient",
    "triplet_extra_gradient",
]


def extra_gradient_loss(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    extra: Float[Tensor, "batch dim"],
    *,
    keep_center: bool = True,
    keep_residual: bool = True,
) -> Float[Tensor, ""]:
    r"""Naive siamese loss plus the chosen parts of an extra gradient.

    .. math:: L = -\frac1N \sum_{i=1}^{N} Z^1_i \cdot \mathrm{sg}(Z^2_i + [o_e] + [r_{e,i}]), \qquad
              o_e = \frac1N \sum_{i=1}^{N} G_{e,i}, \; r_{e,i} = G_{e,i} - o_e

    with :math:`Z = z / \lVert z \rVert`, the extra gradient :math:`G_e`, and sg the stop-gradient;
    a bracketed part is included if kept. With neither it is the naive siamese loss, which
    collapses. One direction. `z1` and `z2` are normalised internally, `extra` is not; sums
    accumulate in float32 or wider.

    Args:
        z1: The trained vectors: projections, or predictions in the ablation of SimSiam.
        z2: The other view's, giving the basic gradient. No gradient reaches it.
        extra: G_e, as returned by :func:`triplet_extra_gradient` or
            :func:`simsiam_extra_gradient`. No gradient reaches it.
        keep_center: Keep the centre component of the extra gradient: o_e, its batch mean.
        keep_residual: Keep the residual component of the extra gradient: r_e.

    Returns:
        Mean over samples.

    Raises:
        ValueError: Not three matrices of equal shape, or fewer than 2 samples where exactly one
            part is kept.
        TypeError: Integer tensors.

    Scale:
        With no part kept: −1 for perfect alignment or complete collapse, 1 for opposite views.
        With extra gradients of length up to g: from −1 − g to 1 + g. Only the gradient is
        meaningful; the value does not measure learning.

    Cost:
        Time and memory batch·dim. With one part kept it couples the batch through the mean: gather
        first.

    Relations:
        With nothing kept, :func:`negative_cosine_loss` with detached targets. With both parts and
        SimSiam's extra gradient, the gradient of ``−P1 · sg(Z2)``; with the triplet's, that of
        ``−Z1 · sg(Z2 − Zn)``. SimSiam's o_e is o_z − o_p, the triplet's −o_z.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262): table 3 with the triplet's extra gradient, table
        4 with SimSiam's.

    Example:
        >>> import torch
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> z2 = torch.tensor([[0.8, 0.6], [0.6, 0.8]])
        >>> extra = triplet_extra_gradient(z2.flip(0))
        >>> print(f"{extra_gradient_loss(z1, z2, extra):.4f}")
        -0.2000
        >>> print(f"{extra_gradient_loss(z1, z2, extra, keep_residual=False):.4f}")
        -0.1000
    """
    coupled = keep_center != keep_residual
    check_matrix(min_rows=2 if coupled else 1, z1=z1, z2=z2, extra=extra)
    check_same_shape(z1=z1, z2=z2, extra=extra)
    towards = to_sphere(z2)
    if keep_center and keep_residual:
        towards = towards + widen(extra)
    elif coupled:
        center = widen(extra).mean(dim=0)
        towards = towards + (center if keep_center else widen(extra) - center)
    return -(to_sphere(z1) * towards.detach()).sum(dim=1).mean()


@torch.no_grad()
def triplet_extra_gradient(
    negatives: Float[Tensor, "batch dim"],
) -> Float[Tensor, "batch dim"]:
    r"""The triplet loss's extra gradient, :math:`G_e = -Z_n`, detached.

    Args:
        negatives: Another sample's projections for each sample, non-zero; normalised internally.

    Raises:
        ValueError: Not a matrix.
        TypeError: An integer tensor.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), for table 3: its centre part prevents collapse,
        its residual part alone does not.

    Example:
        >>> triplet_extra_gradient(torch.tensor([[3.0, 4.0]]))
        tensor([[-0.6000, -0.8000]])
    """
    check_matrix(negatives=negatives)
    return -to_sphere(negatives)


@torch.no_grad()
def simsiam_extra_gradient(
    z2: Float[Tensor, "batch dim"], predictions2: Float[Tensor, "batch dim"]
) -> Float[Tensor, "batch dim"]:
    r"""SimSiam's extra gradient, :math:`G_e = Z_b - P_b`, detached.

    The basic gradient for the first view's predictions is then :math:`P_b`: pass the two views'
    predictions to :func:`extra_gradient_loss` as `z1` and `z2`.

    Args:
        z2: The other view's projections, non-zero; normalised internally.
        predictions2: The other view's predictions; normalised internally.

    Raises:
        ValueError: Not two matrices of equal shape.
        TypeError: Integer tensors.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), for table 4: either part prevents collapse.

    Example:
        >>> z2, predictions2 = torch.tensor([[3.0, 4.0]]), torch.tensor([[0.0, 2.0]])
        >>> simsiam_extra_gradient(z2, predictions2)
        tensor([[ 0.6000, -0.2000]])
    """
    check_matrix(z2=z2, predictions2=predictions2)
    check_same_shape(z2=z2, predictions2=predictions2)
    return to_sphere(z2) - to_sphere(predictions2)


@final
@documented_by(extra_gradient_loss)
class ExtraGradientLoss(Objective):
    """:func:`extra_gradient_loss` with its hyper-parameters stored."""

    def __init__(self, *, keep_center: bool = True, keep_residual: bool = True) -> None:
        super().__init__()
        self.keep_center = keep_center
        self.keep_residual = keep_residual

    def forward(self, z1: Tensor, z2: Tensor, extra: Tensor) -> Tensor:
        """The loss of one direction."""
        return extra_gradient_loss(
            z1, z2, extra, keep_center=self.keep_center, keep_residual=self.keep_residual
        )

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""
