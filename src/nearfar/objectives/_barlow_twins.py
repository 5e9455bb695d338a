"""Barlow Twins: redundancy reduction through the views' cross-correlation."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_not_negative, check_same_shape
from nearfar.objectives._objective import Objective, total
from nearfar.ops import full_precision, widen

__all__ = ["BarlowTwinsLoss", "barlow_twins_loss"]

_EPSILON = 1e-5  # that of the authors' batch-norm: a constant column has correlation 0, not 0/0


def barlow_twins_loss(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    *,
    off_diagonal_weight: float = 0.005,
    invariance_weight: float = 1.0,
) -> Float[Tensor, ""]:
    r"""Make the views' cross-correlation matrix over the batch the identity.

    .. math:: L = \mu \sum_i (1 - C_{ii})^2 + \lambda \sum_i \sum_{j \ne i} C_{ij}^2, \qquad
              C_{ij} = \frac1N \sum_{b=1}^{N} \hat z^1_{bi} \hat z^2_{bj}, \qquad
              \hat z_{bi} = \frac{z_{bi} - \bar z_i}{\sqrt{\mathrm{Var}(z_i) + 10^{-5}}}

    The variance divides by N, as in batch-norm. Each dimension is standardised over the batch;
    vectors are not normalised. Sums accumulate in float32 or wider.

    Args:
        z1: First view's projections.
        z2: Second view's projections, in the same order.
        off_diagonal_weight: λ, weight of the redundancy reduction term.
        invariance_weight: μ, weight of the invariance term: 1 as published, 0 for redundancy
            reduction alone.

    Returns:
        Sum over dimensions, not divided by their number.

    Raises:
        ValueError: Not two matrices of equal shape, fewer than 2 samples, or a negative weight.
        TypeError: Integer tensors.

    Scale:
        Perfect (equal views, uncorrelated dimensions of variance well above 10^-5): about 0.
        With μ = 1: complete collapse: dim. Unrelated views: about
        (1 + 1/(N − 1))·dim + λ·dim·(dim − 1)/(N − 1). Bounded by 0 and 4·dim + λ·dim·(dim − 1).

    Cost:
        Time batch·dim·min(batch, dim), memory that of the smaller of batch × batch and dim × dim.
        Couples the batch: gather first.

    Relations:
        The 10^-5 is in the authors' code but not in the paper's formula: C shrinks by
        Var / (Var + 10^-5), and a constant dimension gives 0 with a finite gradient instead of 0/0.
        Decorrelates across views, where :func:`vicreg_loss` decorrelates within each view.

    Reference:
        Zbontar, Jing, Misra, LeCun, Deny, ICML 2021 (arXiv 2103.03230), equations 1 and 2, λ =
        0.005; authors' code facebookresearch/barlowtwins at 8e8d284, λ = 0.0051.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
        >>> print(f"{barlow_twins_loss(z, z):.4f}, {barlow_twins_loss(z, z.flip(1)):.4f}")
        0.0000, 2.0100
        >>> print(f"{barlow_twins_loss(0 * z, 0 * z):.4f}")
        2.0000
    """
    terms = _terms(
        z1, z2, off_diagonal_weight=off_diagonal_weight, invariance_weight=invariance_weight
    )
    return total(terms)


def _terms(
    z1: Tensor, z2: Tensor, *, off_diagonal_weight: float, invariance_weight: float
) -> dict[str, Tensor]:
    check_matrix(min_rows=2, z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_not_negative(off_diagonal_weight=off_diagonal_weight, invariance_weight=invariance_weight)
    first, second = _standardized(z1), _standardized(z2)
    samples, dim = first.shape
    diagonal = (first * second).sum(dim=0) / samples
    with full_precision(first):
        if dim <= samples:
            total = (first.T @ second).square().sum()
        else:  # the same sum from the smaller matrices: ‖AᵀB‖² = ⟨AAᵀ, BBᵀ⟩
            total = ((first @ first.T) * (second @ second.T)).sum()
    off_diagonal = total / samples**2 - diagonal.square().sum()
    return {
        "invariance": invariance_weight * (1 - diagonal).square().sum(),
        "redundancy_reduction": off_diagonal_weight * off_diagonal,
    }


def _standardized(z: Tensor) -> Tensor:
    z = widen(z)
    z = z - z.mean(dim=0)
    return z / (z.square().mean(dim=0) + _EPSILON).sqrt()


@final
@documented_by(barlow_twins_loss)
class BarlowTwinsLoss(Objective):
    """:func:`barlow_twins_loss` with its hyper-parameters stored."""

    def __init__(
        self, *, off_diagonal_weight: float = 0.005, invariance_weight: float = 1.0
    ) -> None:
        super().__init__()
        check_not_negative(
            off_diagonal_weight=off_diagonal_weight, invariance_weight=invariance_weight
        )
        self.off_diagonal_weight = off_diagonal_weight
        self.invariance_weight = invariance_weight

    def forward(self, z1: Tensor, z2: Tensor) -> Tensor:
        """The loss of two views' projections."""
        return barlow_twins_loss(
            z1,
            z2,
            off_diagonal_weight=self.off_diagonal_weight,
            invariance_weight=self.invariance_weight,
        )

    def terms(self, z1: Tensor, z2: Tensor) -> dict[str, Tensor]:
        """``invariance`` and ``redundancy_reduction``, weighted: they add up to the loss."""
        return _terms(
            z1,
            z2,
            off_diagonal_weight=self.off_diagonal_weight,
            invariance_weight=self.invariance_weight,
        )

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""
