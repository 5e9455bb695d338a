"""Rates at which a gradient drives a batch towards or away from collapse."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_matrix, check_same_shape
from nearfar.objectives import decorrelation_loss
from nearfar.ops import to_sphere
from nearfar.records import Record
from nearfar.theory._gradient_components import center_and_residual, tangent

__all__ = [
    "CollapseRates",
    "center_rates",
    "collapse_rates",
    "decorrelation_rates",
    "residual_rates",
]


@dataclass(frozen=True)
class CollapseRates(Record):
    """Initial time derivatives of m_o and m_r under gradient flow.

    Attributes:
        center: Derivative of m_o, the length of the unit vectors' mean; positive towards collapse.
        residual: Derivative of m_r, their residuals' mean length; positive away from collapse.
    """

    center: float
    residual: float


@torch.no_grad()
def collapse_rates(
    directions: Float[Tensor, "batch dim"], vectors: Float[Tensor, "batch dim"]
) -> CollapseRates:
    r"""Exact directional derivatives of :math:`m_o` and :math:`m_r` along given directions.

    With :math:`\dot Z_i = (I - Z_i Z_i^\top)\, d_i`, its mean :math:`\dot o` and
    :math:`\dot r_i = \dot Z_i - \dot o`,

    .. math:: \dot m_o = \frac{o^\top \dot o}{\lVert o \rVert}, \qquad
              \dot m_r = \frac1N \sum_i \frac{r_i^\top \dot r_i}{\lVert r_i \rVert} .

    Where :math:`o` or an :math:`r_i` is 0 its norm is not differentiable, and the derivative is the
    right-hand one, :math:`\lVert \dot o \rVert` or :math:`\lVert \dot r_i \rVert`.

    Statement: as :math:`m_o^2 + \frac1N \sum \lVert r_i \rVert^2 = 1`, the residuals' root mean
    square shrinks exactly when :math:`m_o` grows. Their mean length :math:`m_r` usually does the
    same, but not always: at equal root mean square, more variable lengths have a smaller mean.

    Args:
        directions: Direction in which each vector moves: a negative gradient, one row per sample,
            without the 1/N of a mean.
        vectors: Non-zero vectors; normalised internally.

    Returns:
        Both derivatives.

    Raises:
        ValueError: Not two matrices of equal shape, or fewer than 2 samples.
        TypeError: Integer tensors.

    Vacuous:
        As a prediction of training: a network moves all vectors through shared parameters, and an
        instantaneous rate does not determine the outcome.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), conjectures 1 and 2, as derivatives.

    Example:
        >>> vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> rates = collapse_rates(vectors.flip(0), vectors)  # each moves towards the other
        >>> print(f"{rates.center:.3f} {rates.residual:.3f}")
        0.707 -0.707
    """
    check_matrix(min_rows=2, directions=directions, vectors=vectors)
    check_same_shape(directions=directions, vectors=vectors)
    units = to_sphere(vectors).double()
    center, residual = center_and_residual(units)
    center_speed, residual_speed = center_and_residual(tangent(directions.double(), units))
    return CollapseRates(
        center=_length_rate(center[None], center_speed[None]).item(),
        residual=_length_rate(residual, residual_speed).mean().item(),
    )


def _length_rate(rows: Tensor, speeds: Tensor) -> Tensor:
    lengths = rows.norm(dim=1)
    gone = lengths < 1e-12  # zero vector: its length can only grow
    along = (rows * speeds).sum(dim=1) / lengths.masked_fill(gone, 1.0)
    return torch.where(gone, speeds.norm(dim=1), along)


@torch.no_grad()
def center_rates(vectors: Float[Tensor, "batch dim"]) -> CollapseRates:
    r"""Conjecture 1, first half: rates when all vectors move along their centre.

    Statement: :math:`\dot m_o \ge 0` in every batch, and 0 only if the batch is balanced or each
    vector lies along the centre. (Conjectured in the paper; a theorem for free unit vectors.)

    Proof:
        :math:`o^\top \dot o = \frac1N \sum_i \big(\lVert o \rVert^2 - (Z_i^\top o)^2\big) \ge 0`,
        each term by the Cauchy–Schwarz inequality.

    Args:
        vectors: One view's projections, non-zero; normalised internally.

    Returns:
        The rates under :math:`d_i = o`, the negative gradient of
        :func:`nearfar.objectives.center_loss`.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Vacuous:
        In a balanced batch and at complete collapse, both of which are stationary.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), conjecture 1, first phase of figure 4.

    Example:
        >>> rates = center_rates(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        >>> print(f"{rates.center:.3f} {rates.residual:.3f}")
        0.354 -0.354
    """
    center, _ = center_and_residual(to_sphere(vectors))
    return collapse_rates(center.expand_as(vectors), vectors)


@torch.no_grad()
def residual_rates(vectors: Float[Tensor, "batch dim"]) -> CollapseRates:
    r"""Conjecture 1, second half: rates when each vector moves along its own residual.

    Statement: exactly minus :func:`center_rates`, as :math:`r_i = Z_i - o` and the part along
    :math:`Z_i` has no effect. So :math:`\dot m_o \le 0` and the residuals' root mean square grows.

    Args:
        vectors: One view's projections, non-zero; normalised internally.

    Returns:
        The rates under :math:`d_i = r_i`, the negative gradient of
        :func:`nearfar.objectives.residual_loss`.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Vacuous:
        As :func:`center_rates`: at complete collapse there is no residual.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), conjecture 1, second phase of figure 4.

    Example:
        >>> rates = residual_rates(torch.tensor([[1.0, 0.0], [0.0, 1.0]]))
        >>> print(f"{rates.center:.3f} {rates.residual:.3f}")
        -0.354 0.354
    """
    _, residual = center_and_residual(to_sphere(vectors))
    return collapse_rates(residual, vectors)


def decorrelation_rates(vectors: Float[Tensor, "batch dim"]) -> CollapseRates:
    r"""Conjecture 2: effect of decorrelating the dimensions on :math:`m_r`.

    Conjecture: decorrelation makes :math:`m_r` grow. For free unit vectors, measured here, this
    fails in general: near complete collapse the regulariser R, where non-zero, makes the centre
    grow and the residuals' root mean square shrink; elsewhere either sign occurs. The fast recovery
    that the paper observes in a trained network must then be due to the network's shared
    parameters.

    Proof:
        R is homogeneous of degree 4 in the residuals, so
        :math:`\sum_i r_i^\top \partial R / \partial r_i = 4 R`: its negative gradient
        shortens them. Near collapse the normalisation changes that only to higher order.

    Args:
        vectors: One view's projections, non-zero; normalised internally.

    Returns:
        The rates under the regulariser's negative gradient times the batch size, as for a sum over
        samples.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Vacuous:
        At complete collapse, where the gradient of R vanishes (with the third power of the
        residuals), and near balance, where :math:`m_r` cannot grow.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), conjecture 2, figure 5b.

    Example:
        >>> cone = torch.tensor([[5.0, 1.0, 1.0], [5.0, -1.0, -1.0], [5.0, 1.0, 0.5]])
        >>> wide = torch.tensor([[1.0, 2.0], [2.0, 1.0], [-1.0, 1.0]])
        >>> for vectors in (cone, wide):
        ...     print(f"{decorrelation_rates(vectors).residual:+.4f}")
        -0.0177
        +0.0063
    """
    check_matrix(min_rows=2, vectors=vectors)
    with torch.enable_grad():
        units = to_sphere(vectors.detach()).double().requires_grad_()
        (gradient,) = torch.autograd.grad(decorrelation_loss(units), units)
    return collapse_rates(-len(units) * gradient, units.detach())
