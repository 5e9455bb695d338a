"""Decomposition of a batch's gradients into centre and residual parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_matrix, check_same_shape
from nearfar.ops import to_sphere, widen

__all__ = [
    "Components",
    "GradientComponents",
    "center_and_residual",
    "gradient_components",
    "loss_components",
    "tangent",
]


class Components(NamedTuple):
    """A batch of vectors, decomposed into their mean and residuals."""

    center: Tensor
    residual: Tensor


def center_and_residual(vectors: Float[Tensor, "batch dim"]) -> Components:
    r"""The batch mean :math:`o` and each vector's residual :math:`r_i = v_i - o`.

    .. math:: v_i = o + r_i, \qquad \sum_i r_i = 0, \qquad
              \frac1N \sum_i \lVert v_i \rVert^2
              = \lVert o \rVert^2 + \frac1N \sum_i \lVert r_i \rVert^2

    Args:
        vectors: Not normalised here: pass unit vectors for :math:`o_z, r_z`, extra gradients for
            :math:`o_e, r_e`.

    Returns:
        The centre, and one residual per row.

    Raises:
        ValueError: Not a matrix.
        TypeError: An integer tensor.

    Vacuous:
        A batch mean is not the population mean: N unit vectors drawn from a balanced distribution
        still have a centre of length about :math:`1 / \sqrt N`.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), section 3.

    Example:
        >>> center, residual = center_and_residual(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        >>> print(center, residual)
        tensor([0.5000, 0.5000]) tensor([[ 0.5000, -0.5000],
                [-0.5000,  0.5000]])
    """
    check_matrix(vectors=vectors)
    vectors = widen(vectors)
    center = vectors.mean(dim=0)
    return Components(center, vectors - center)


def tangent(
    directions: Float[Tensor, "batch dim"], vectors: Float[Tensor, "batch dim"]
) -> Float[Tensor, "batch dim"]:
    r"""Projection of each direction onto the tangent space, :math:`(I - Z_i Z_i^\top)\, d_i`.

    A loss of normalised vectors has no gradient along them. A closed form such as "the negative
    gradient of :math:`-Z_a \cdot Z_b` is :math:`Z_b`" includes that *dummy* part; after this
    projection it equals the gradient through the normalisation, and :math:`Z_b` and
    :math:`Z_b - Z_a` coincide.

    Args:
        directions: One per vector.
        vectors: Non-zero vectors; normalised internally.

    Returns:
        Vectors orthogonal to `vectors`.

    Raises:
        ValueError: Not two matrices of equal shape.
        TypeError: Integer tensors.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), section 3, on the dummy term.

    Example:
        >>> vectors = torch.tensor([[2.0, 0.0]])
        >>> print(tangent(torch.tensor([[3.0, 4.0]]), vectors))
        tensor([[0., 4.]])
    """
    check_matrix(directions=directions, vectors=vectors)
    check_same_shape(directions=directions, vectors=vectors)
    units, directions = to_sphere(vectors), widen(directions)
    return directions - (directions * units).sum(dim=1, keepdim=True) * units


@dataclass(frozen=True)
class GradientComponents:
    """A batch's negative gradients, decomposed and projected on the vectors' own components.

    Attributes:
        center: Mean of the negative gradients, shared by all samples.
        residual: Each sample's residual.
        on_center: Coefficient of the mean on the vectors' own centre; de-centres if negative. NaN
            if that centre is zero.
        on_residual: Coefficient of the residuals on the vectors' own residuals, pooled over
            samples; spreads if positive. NaN if those residuals are zero.
    """

    center: Tensor
    residual: Tensor
    on_center: float
    on_residual: float


@torch.no_grad()
def gradient_components(
    gradient: Float[Tensor, "batch dim"], vectors: Float[Tensor, "batch dim"]
) -> GradientComponents:
    r"""Centre and residual component of any gradient, and their coefficients on the vectors' own.

    With :math:`D_i = -N\, \partial L / \partial Z_i`, its mean :math:`o_D` and residuals
    :math:`r_{D,i}`, and with the unit vectors' :math:`Z_i = o + r_i`,

    .. math:: \eta_o = \frac{o_D^\top o}{\lVert o \rVert^2}, \qquad
              \eta_r = \frac{\sum_i r_{D,i}^\top r_i}{\sum_i \lVert r_i \rVert^2} .

    Statement: under gradient flow :math:`\dot Z_i = D_i` on the sphere the centre's length grows at
    the rate :math:`\eta_o`, :math:`\dot m_o = \eta_o\, m_o`, and the residuals' mean square at the
    rate :math:`2 \eta_r`. On the sphere the two balance,

    .. math:: \eta_o \lVert o \rVert^2 + \eta_r \frac1N \sum_i \lVert r_i \rVert^2 = 0 ,

    so at any instant a gradient either de-centres (:math:`\eta_o < 0 < \eta_r`), drives towards
    collapse (opposite signs), or changes neither length.

    Assumptions:
        The gradients are tangent to the sphere, as those of a loss that normalises its arguments
        are; apply :func:`tangent` to others. The vectors move independently; a network moves them
        through shared parameters.

    Args:
        gradient: Gradient of a loss with respect to the unit vectors, from autograd. It is negated
            and multiplied by the batch size, which undoes the mean over samples.
        vectors: The vectors it is taken with respect to; normalised internally.

    Returns:
        Both components and both coefficients.

    Raises:
        ValueError: Not two matrices of equal shape.
        TypeError: Integer tensors.

    Vacuous:
        In a balanced batch, whose centre of length :math:`1 / \sqrt N` is sampling noise.

    Relations:
        :math:`\eta_o` is the zero crossing of :func:`decentering_curve`.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), sections 3 and 4; the statement is derived here.

    Example:
        >>> vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> found = gradient_components(-vectors.flip(0) / 2, vectors)  # each attracts the other
        >>> print(found.center, f"{found.on_center:.1f} {found.on_residual:.1f}")
        tensor([0.5000, 0.5000]) 1.0 -1.0
    """
    check_matrix(gradient=gradient, vectors=vectors)
    check_same_shape(gradient=gradient, vectors=vectors)
    center, residual = center_and_residual(-len(gradient) * widen(gradient))
    own_center, own_residual = center_and_residual(to_sphere(vectors))
    return GradientComponents(
        center=center,
        residual=residual,
        on_center=(center @ own_center / own_center.square().sum()).item(),
        on_residual=((residual * own_residual).sum() / own_residual.square().sum()).item(),
    )


def loss_components(
    loss: Callable[[Tensor], Tensor], vectors: Float[Tensor, "batch dim"]
) -> GradientComponents:
    r""":func:`gradient_components` of a loss at given vectors.

    Args:
        loss: Maps the unit vectors to a scalar; other arguments go into its closure.
        vectors: One view's projections (or predictions), non-zero; normalised internally.

    Returns:
        Both components and both coefficients.

    Raises:
        ValueError: Not a matrix, or a loss that is not a scalar.
        TypeError: An integer tensor.

    Example:
        >>> from nearfar.objectives import center_loss, residual_loss
        >>> vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> for loss in (center_loss, residual_loss):
        ...     found = loss_components(loss, vectors)
        ...     print(f"{found.on_center:+.2f} {found.on_residual:+.2f}")
        +0.50 -0.50
        -0.50 +0.50
    """
    check_matrix(vectors=vectors)
    with torch.enable_grad():
        units = to_sphere(vectors.detach()).requires_grad_()
        value = loss(units)
        if value.ndim:
            raise ValueError(f"`loss` must return a scalar, got shape {tuple(value.shape)}")
        (gradient,) = torch.autograd.grad(value, units)
    return gradient_components(gradient, units.detach())
