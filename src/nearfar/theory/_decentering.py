"""Whether an extra gradient de-centres, and whether it decorrelates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar.checks import check_matrix, check_positive, check_same_shape
from nearfar.objectives import covariance_term
from nearfar.ops import to_sphere
from nearfar.records import Record
from nearfar.theory._gradient_components import center_and_residual
from nearfar.theory._gradient_identities import info_nce_extra_gradient

__all__ = [
    "DecenteringCurve",
    "DecorrelationCurve",
    "decentering_curve",
    "decorrelation_cosines",
    "decorrelation_curve",
]

_SHORTEST = 1e-12  # a shorter centre has no direction


@dataclass(frozen=True)
class DecenteringCurve(Record):
    r"""Cosine between :math:`o_e - \eta\, o` and the centre :math:`o` as a function of η.

    Attributes:
        etas: Values of η.
        cosines: The cosine at each.
        crossing: The η at which the cosine is 0; below 0 the extra gradient de-centres.
    """

    etas: tuple[float, ...]
    cosines: tuple[float, ...]
    crossing: float


@torch.no_grad()
def decentering_curve(
    extra: Float[Tensor, "batch dim"],
    vectors: Float[Tensor, "batch dim"],
    *,
    etas: Sequence[float] | None = None,
) -> DecenteringCurve:
    r"""Cosine between :math:`o_e - \eta\, o` and :math:`o`, and the :math:`\eta` at which it is 0.

    .. math:: c(\eta) = \cos(o_e - \eta\, o,\; o), \qquad
              c(\eta^*) = 0 \iff \eta^* = \frac{o_e^\top o}{\lVert o \rVert^2}

    Statement: :math:`c` decreases monotonically in :math:`\eta`, so the crossing is the coefficient
    of the centre in the extra gradient: :math:`o_e = \eta^* o` plus an orthogonal part. A negative
    crossing means de-centring. It is exactly −1 for a triplet whose negatives are a permutation of
    the batch; the paper finds about −0.5 for SimSiam and the centre of its predictions, and a
    positive crossing, which cannot prevent collapse, for that of its projections.

    Args:
        extra: Extra gradients, as returned by :func:`simsiam_extra_gradient`.
        vectors: The vectors they act on: predictions for the paper's :math:`\eta_p`, projections
            for :math:`\eta_z`; normalised internally.
        etas: Values of η; −1 to 1 in steps of 0.05 by default.

    Returns:
        The curve and its crossing.

    Raises:
        ValueError: Not two matrices of equal shape, empty `etas`, or vectors with zero mean.
        TypeError: Integer tensors.

    Vacuous:
        Where the vectors are nearly balanced: a centre of length :math:`1 / \sqrt N` is sampling
        noise, and so is the crossing. Measure early in training, or on many samples.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), figure 5a; the closed form is ours.

    Example:
        >>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
        >>> curve = decentering_curve(-0.5 * z, z, etas=(-1.0, 1.0))
        >>> print(f"{curve.cosines[0]:.1f} {curve.cosines[1]:.1f} {curve.crossing:.3f}")
        1.0 -1.0 -0.586
    """
    check_matrix(extra=extra, vectors=vectors)
    check_same_shape(extra=extra, vectors=vectors)
    steps = tuple(k / 20 for k in range(-20, 21)) if etas is None else tuple(etas)
    if not steps:
        raise ValueError("`etas` must contain at least one number, got none")
    own = center_and_residual(to_sphere(vectors)).center.double()
    length = own.norm()
    if length < _SHORTEST:
        raise ValueError(
            f"`vectors` must have a non-zero mean, got one of length {length.item():.1e}"
        )
    part = center_and_residual(extra).center.double()
    left = part - own * torch.tensor(steps, dtype=torch.float64, device=own.device)[:, None]
    cosines = F.cosine_similarity(left, own.expand_as(left), dim=1)
    return DecenteringCurve(
        etas=steps,
        cosines=tuple(cosines.tolist()),
        crossing=(part @ own / length**2).item(),
    )


@dataclass(frozen=True)
class DecorrelationCurve(Record):
    """Agreement of InfoNCE's extra gradient with a decorrelation loss's, by temperature.

    Attributes:
        temperatures: Temperatures of the softmax over negatives.
        residual: Cosine of the residual part with the decorrelation loss's negative gradient.
        center: Cosine of the centre part with it.
    """

    temperatures: tuple[float, ...]
    residual: tuple[float, ...]
    center: tuple[float, ...]


def decorrelation_cosines(
    extra: Float[Tensor, "batch dim"], vectors: Float[Tensor, "batch dim"]
) -> tuple[float, float]:
    r"""Cosines of an extra gradient's two parts with the decorrelation loss's negative gradient.

    .. math:: \frac1N \sum_i \cos(r_{e,i},\, -\partial R / \partial Z_i), \qquad
              \frac1N \sum_i \cos(o_e,\, -\partial R / \partial Z_i)

    with :math:`R` the :func:`nearfar.objectives.decorrelation_loss` as a function of unconstrained
    vectors: like :math:`o_e` and :math:`r_e`, its gradient here includes the part along each
    vector.

    Statement: a positive cosine means that the part decorrelates the dimensions. The gradient of R
    has zero mean over the batch, so the centre part, equal for all samples, hardly aligns with it.

    Args:
        extra: Extra gradients, one per vector.
        vectors: The vectors they act on; normalised internally.

    Returns:
        The residual part's and the centre part's cosine, each in [−1, 1].

    Raises:
        ValueError: Not two matrices of equal shape, or fewer than 2 samples.
        TypeError: Integer tensors.

    Vacuous:
        Where the dimensions are already uncorrelated, or all vectors equal: the gradient of R
        vanishes and both cosines are 0.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), figure 5c.

    Example:
        >>> line = torch.tensor([[2.0, 1.0], [-2.0, -1.0], [1.0, 2.0], [-1.0, -2.0]])
        >>> print("{:.3f} {:.3f}".format(*decorrelation_cosines(-line, line)))
        0.800 0.000
    """
    check_matrix(min_rows=2, extra=extra, vectors=vectors)
    check_same_shape(extra=extra, vectors=vectors)
    with torch.enable_grad():
        units = to_sphere(vectors.detach()).double().requires_grad_()
        (gradient,) = torch.autograd.grad(covariance_term(units), units)
    center, residual = center_and_residual(extra.detach().double())
    pull = F.normalize(-gradient, dim=1, eps=1e-30)
    along_residual = (F.normalize(residual, dim=1) * pull).sum(dim=1).mean()
    along_center = (F.normalize(center, dim=0) * pull).sum(dim=1).mean()
    return along_residual.item(), along_center.item()


def decorrelation_curve(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    *,
    temperatures: Sequence[float],
) -> DecorrelationCurve:
    r""":func:`decorrelation_cosines` of InfoNCE's extra gradient by temperature.

    Statement: the paper's curve peaks at an intermediate temperature, about 0.83 near 0.2, and is
    near 0 both below 0.05, where the nearest neighbour takes all the weight, and at 1, where the
    weights are uniform: InfoNCE decorrelates best in between.

    Args:
        z1: One view's projections, non-zero; normalised internally.
        z2: The other view's, in the same order.
        temperatures: Each above 0.

    Returns:
        Both cosines for each temperature.

    Raises:
        ValueError: Not two matrices of equal shape, fewer than 2 samples, no temperature or a
            non-positive one.
        TypeError: Integer tensors.

    Vacuous:
        As :func:`decorrelation_cosines`. Position and height of the peak are no constants: they
        depend on how correlated the dimensions are.

    Reference:
        Zhang et al., ICLR 2022 (arXiv 2203.16262), figure 5c.

    Example:
        >>> z = torch.tensor([[2.0, 1.0], [-2.0, -1.0], [1.0, 2.0], [-1.0, -2.0]])
        >>> curve = decorrelation_curve(z, z, temperatures=(0.1, 1.0))
        >>> print("{:.3f} {:.3f}".format(*curve.residual))
        1.000 0.989
    """
    if not temperatures:
        raise ValueError("`temperatures` must contain at least one number, got none")
    for temperature in temperatures:
        check_positive(temperature=temperature)
    found = [
        decorrelation_cosines(info_nce_extra_gradient(z1, z2, temperature=temperature), z1)
        for temperature in temperatures
    ]
    return DecorrelationCurve(
        temperatures=tuple(temperatures),
        residual=tuple(pair[0] for pair in found),
        center=tuple(pair[1] for pair in found),
    )
