"""Decorrelation of the dimensions of unit vectors."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_matrix
from nearfar.objectives._objective import Objective
from nearfar.objectives._vicreg import covariance_term
from nearfar.ops import to_sphere

__all__ = ["DecorrelationLoss", "decorrelation_loss"]


def decorrelation_loss(z: Float[Tensor, "batch dim"]) -> Float[Tensor, ""]:
    r"""Decorrelate the dimensions of one view's unit vectors.

    .. math:: L = \frac1D \sum_{i \ne j} \mathrm{Cov}_{ij}^2, \qquad
              \mathrm{Cov} = \frac1{N - 1} \sum_{k=1}^{N} (Z_k - o_z)(Z_k - o_z)^\top

    with :math:`Z_k = z_k / \lVert z_k \rVert` and their mean :math:`o_z`. Vectors are normalised
    internally; sums accumulate in float32 or wider.

    Args:
        z: One view's projections, non-zero.

    Returns:
        Sum over pairs of dimensions, divided by the number of dimensions.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Scale:
        Uncorrelated dimensions or complete collapse: 0. Near collapse the gradient vanishes with
        the residuals. Bounded by (D − 1)/D²·(N/(N − 1))², attained by two antipodal points on the
        cube's diagonal: values are small, at most 1/D in a large batch.

    Cost:
        Time batch·dim·min(batch, dim), memory that of the smaller of batch × batch and dim × dim.
        Couples the batch: gather first.

    Relations:
        VICReg's :func:`covariance_term` of unit vectors. Not invariant to rotations of the space.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), appendix A.6, algorithm 6, on the normalised Z
        of the paper's notation; used for conjecture 2, figures 5b and 5c.

    Example:
        >>> import torch
        >>> line = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, 1.0], [-1.0, -1.0]])
        >>> print(f"{decorrelation_loss(line):.4f}")
        0.4444
    """
    check_matrix(min_rows=2, z=z)
    return covariance_term(to_sphere(z))


@final
class DecorrelationLoss(Objective):
    """:func:`decorrelation_loss` as a module."""

    def forward(self, z: Tensor) -> Tensor:
        """The loss of one view's projections."""
        return decorrelation_loss(z)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""
