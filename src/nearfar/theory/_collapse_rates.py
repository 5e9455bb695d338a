"""How fast a gradient drives towards collapse or away from it."""

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
    """Derivatives by time, at the start of gradient flow with unit speed factor.

    Attributes:
        center: Of m_o, the length of the unit vectors' mean; above 0 leads to collapse.
        residual: Of m_r, the mean length of their residuals; above 0 leads away from it.
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

    Where :math:`o` or an :math:`r_i` is 0 its length has a corner there, and the derivative is the
    one forward in time, :math:`\lVert \dot o \rVert` or :math:`\lVert \dot r_i \rVert`.

    Statement: as :math:`m_o^2 + \frac1N \sum \lVert r_i \rVert^2 = 1`, the residuals' root mean
    square shrinks exactly when :math:`m_o` grows. Their mean length :math:`m_r` does nearly the
    same, but not always: spreading lengths lower it at the same root mean square.

    Args:
        directions: Where each vector is drawn: a negative gradient, one row for each sample,
            without the 1/N of a mean.
        vectors: Any length but zero; normalised here.

    Returns:
        Both derivatives.

    Raises:
        ValueError: Not two matrices of one shape, or fewer than 2 samples.
        TypeError: Integer tensors.

    Vacuous:
        As a forecast of training: a network moves all vectors through the same parameters, and a
        rate at one instant is no outcome.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), conjectures 1 and 2, as derivatives.

    Example:
        >>> vectors = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> rates = collapse_rates(vectors.flip(0), vectors)  # each is drawn to the other
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
    gone = lengths < 1e-12  # no direction: the length can only grow
    along = (rows * speeds).sum(dim=1) / lengths.masked_fill(gone, 1.0)
    return torch.where(gone, speeds.norm(dim=1), along)


@torch.no_grad()
def center_rates(vectors: Float[Tensor, "batch dim"]) -> CollapseRates:
    r"""Conjecture 1, first half: what drawing all vectors along their centre does.

    Statement: :math:`\dot m_o \ge 0`, in every batch, and 0 only if the batch is balanced or each
    vector lies along the centre. (Conjectured in the paper; on free unit vectors it is a theorem.)

    Proof:
        :math:`o^\top \dot o = \frac1N \sum_i \big(\lVert o \rVert^2 - (Z_i^\top o)^2\big) \ge 0`,
        each term by the Cauchy–Schwarz inequality.

    Args:
        vectors: One view's projections, any length but zero; normalised here.

    Returns:
        The rates under :math:`d_i = o`, the negative gradient of
        :func:`nearfar.objectives.center_loss`.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Vacuous:
        In a balanced batch, and at complete collapse, both of which stand still.

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
    r"""Conjecture 1, second half: what drawing each vector along its own residual does.

    Statement: exactly the opposite of :func:`center_rates`, as :math:`r_i = Z_i - o` and the part
    along :math:`Z_i` moves nothing. So :math:`\dot m_o \le 0` and the residuals' root mean square
    grows.

    Args:
        vectors: One view's projections, any length but zero; normalised here.

    Returns:
        The rates under :math:`d_i = r_i`, the negative gradient of
        :func:`nearfar.objectives.residual_loss`.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Vacuous:
        As :func:`center_rates`: a complete collapse has no residual that could undo it.

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
    r"""Conjecture 2: what decorrelating the dimensions does to :math:`m_r`.

    Conjecture: decorrelation makes :math:`m_r` grow. On free unit vectors, which this measures, it
    does not as a rule: near a complete collapse the regulariser R, where it is not 0, makes the
    centre grow and the residuals' root mean square shrink; elsewhere either sign occurs. The
    quick recovery that the paper sees in a trained network must then come about through the
    network's parameters, which move all vectors together.

    Proof:
        R is of fourth degree in the residuals, so
        :math:`\sum_i r_i^\top \partial R / \partial r_i = 4 R`: its negative gradient
        shortens them. Near a collapse the normalisation changes that by a higher order only.

    Args:
        vectors: One view's projections, any length but zero; normalised here.

    Returns:
        The rates under the regulariser's negative gradient, times the batch size as for a sum of
        samples' terms.

    Raises:
        ValueError: Not a matrix, or fewer than 2 samples.
        TypeError: An integer tensor.

    Vacuous:
        At complete collapse, where R has no gradient (it vanishes with the third power of the
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
