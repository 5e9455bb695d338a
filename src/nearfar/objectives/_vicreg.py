"""VICReg: variance, invariance and covariance regularisation."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_not_negative, check_same_shape
from nearfar.objectives._objective import Objective, total
from nearfar.ops import full_precision, widen

__all__ = ["VICRegLoss", "covariance_term", "invariance_term", "variance_term", "vicreg_loss"]

_TARGET = 1.0  # the paper's γ, target standard deviation of every dimension
_EPSILON = 1e-4  # inside the square root, whose gradient at 0 is infinite


def vicreg_loss(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    *,
    invariance_weight: float = 25.0,
    variance_weight: float = 25.0,
    covariance_weight: float = 1.0,
) -> Float[Tensor, ""]:
    r"""Pull the views together, keep each dimension's variance, decorrelate the dimensions.

    .. math:: L = \lambda\, s(Z, Z') + \mu\, [v(Z) + v(Z')] + \nu\, [c(Z) + c(Z')]

    with :func:`invariance_term` s, :func:`variance_term` v, :func:`covariance_term` c. Vectors are
    not normalised; sums accumulate in float32 or wider.

    Args:
        z1: First view's projections Z.
        z2: Second view's, Z', in the same order.
        invariance_weight: λ, weight of the mean squared distance between the views.
        variance_weight: μ, weight of the hinge on each dimension's standard deviation.
        covariance_weight: ν, weight of the squared covariances of the dimensions.

    Returns:
        The weighted sum.

    Raises:
        ValueError: Not two matrices of equal shape, fewer than 2 samples, or a negative weight.
        TypeError: Integer tensors.

    Scale:
        Perfect (equal views, uncorrelated dimensions of standard deviation 1 or more): 0, the
        minimum. Complete collapse: 2μ(1 − √0.0001), 49.5 with the default weights. No chance
        value; unbounded above.

    Cost:
        Time batch·dim·min(batch, dim), memory that of the smaller of batch × batch and dim × dim.
        Couples the batch: gather first.

    Relations:
        The authors' code weights the terms differently from the paper: it also divides s by dim
        and v by 2. ``invariance_weight=25 / dim, variance_weight=12.5`` gives its values (24.75
        at collapse).

    Reference:
        Bardes, Ponce, LeCun, ICLR 2022 (arXiv 2105.04906), equation 6; authors' code
        facebookresearch/vicreg at 4e12602.

    Example:
        >>> import torch
        >>> z = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
        >>> print(f"{vicreg_loss(z, z):.2f}, {vicreg_loss(0 * z, 0 * z):.2f}")
        0.00, 49.50
    """
    check_matrix(min_rows=2, z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_not_negative(
        invariance_weight=invariance_weight,
        variance_weight=variance_weight,
        covariance_weight=covariance_weight,
    )
    return total(
        _terms(
            z1,
            z2,
            invariance_weight=invariance_weight,
            variance_weight=variance_weight,
            covariance_weight=covariance_weight,
        )
    )


def _terms(
    z1: Tensor,
    z2: Tensor,
    *,
    invariance_weight: float,
    variance_weight: float,
    covariance_weight: float,
) -> dict[str, Tensor]:
    return {
        "invariance": invariance_weight * invariance_term(z1, z2),
        "variance": variance_weight * (variance_term(z1) + variance_term(z2)),
        "covariance": covariance_weight * (covariance_term(z1) + covariance_term(z2)),
    }


def invariance_term(
    z1: Float[Tensor, "batch dim"], z2: Float[Tensor, "batch dim"]
) -> Float[Tensor, ""]:
    r"""Squared distance between the views, :math:`\frac1n \sum_i \lVert z_i - z'_i \rVert_2^2`.

    Args:
        z1: First view's projections.
        z2: Second view's projections, in the same order.

    Raises:
        ValueError: Not two matrices of equal shape.
        TypeError: Integer tensors.

    Scale:
        Perfect alignment or complete collapse: 0. Grows with the square of the vectors' length.

    Example:
        >>> import torch
        >>> print(f"{invariance_term(torch.zeros(2, 3), torch.ones(2, 3)):.1f}")
        3.0
    """
    check_matrix(z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    return (widen(z1) - widen(z2)).square().sum(dim=1).mean()


def variance_term(z: Float[Tensor, "batch dim"]) -> Float[Tensor, ""]:
    r"""Hinge loss on each dimension's standard deviation, averaged.

    .. math:: v(Z) = \frac1d \sum_j \max\big(0, 1 - \sqrt{\mathrm{Var}(z^j) + 10^{-4}}\big)

    Args:
        z: One view's projections. The variance divides by n − 1.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Scale:
        Perfect: 0. Complete collapse: 0.99, the maximum.

    Example:
        >>> import torch
        >>> print(f"{variance_term(torch.ones(4, 2)):.2f}")
        0.99
    """
    check_matrix(min_rows=2, z=z)
    return (_TARGET - (widen(z).var(dim=0) + _EPSILON).sqrt()).relu().mean()


def covariance_term(z: Float[Tensor, "batch dim"]) -> Float[Tensor, ""]:
    r"""Sum of squared off-diagonal covariances, divided by the number of dimensions.

    .. math:: c(Z) = \frac1d \sum_{i \ne j} C(Z)_{ij}^2, \qquad
              C(Z) = \frac1{n - 1} \sum_k (z_k - \bar z)(z_k - \bar z)^\top

    Args:
        z: One view's projections.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Scale:
        Uncorrelated dimensions or complete collapse: 0. Identical dimensions with variance 1:
        dim − 1. Unbounded above.

    Example:
        >>> import torch
        >>> line = torch.tensor([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]])
        >>> print(f"{covariance_term(line):.1f}")
        8.0
    """
    check_matrix(min_rows=2, z=z)
    samples, dim = z.shape
    centered = widen(z)
    centered = centered - centered.mean(dim=0)
    with full_precision(centered):
        if dim <= samples:
            covariance = centered.T @ centered
            total = covariance.square().sum() - covariance.diagonal().square().sum()
        else:  # the same sum from the smaller matrix: ‖XᵀX‖ = ‖XXᵀ‖
            gram = centered @ centered.T
            total = gram.square().sum() - centered.square().sum(dim=0).square().sum()
    return total / (samples - 1) ** 2 / dim


@final
@documented_by(vicreg_loss)
class VICRegLoss(Objective):
    """:func:`vicreg_loss` with its hyper-parameters stored."""

    def __init__(
        self,
        *,
        invariance_weight: float = 25.0,
        variance_weight: float = 25.0,
        covariance_weight: float = 1.0,
    ) -> None:
        super().__init__()
        self.invariance_weight = invariance_weight
        self.variance_weight = variance_weight
        self.covariance_weight = covariance_weight
        check_not_negative(**{k: v for k, v in vars(self).items() if k.endswith("_weight")})

    def forward(self, z1: Tensor, z2: Tensor) -> Tensor:
        """The loss of two views' projections."""
        return vicreg_loss(
            z1,
            z2,
            invariance_weight=self.invariance_weight,
            variance_weight=self.variance_weight,
            covariance_weight=self.covariance_weight,
        )

    def terms(self, z1: Tensor, z2: Tensor) -> dict[str, Tensor]:
        """``invariance``, ``variance`` and ``covariance``, weighted: they add up to the loss."""
        return _terms(
            z1,
            z2,
            invariance_weight=self.invariance_weight,
            variance_weight=self.variance_weight,
            covariance_weight=self.covariance_weight,
        )

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""
