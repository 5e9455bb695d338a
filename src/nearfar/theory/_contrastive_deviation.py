"""Distance of the contrastive loss with M negatives from its limit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar.checks import (
    check_integer,
    check_matrix,
    check_positive,
    check_same_columns,
    check_same_shape,
)
from nearfar.ops import to_sphere
from nearfar.records import Record
from nearfar.theory._contrastive_limit import log_potentials

__all__ = ["Deviation", "contrastive_deviation", "contrastive_deviation_bound"]

_THETAS = (0.9, 0.7, 0.5, 0.2, 0.05, 0.01)  # candidate values of θ; the best one is used


@dataclass(frozen=True)
class Deviation(Record):
    r"""An interval that contains :math:`L_M - \ln M - \lim`.

    Attributes:
        lower: Lower bound of the deviation.
        upper: Upper bound, 0 or more.
    """

    lower: float
    upper: float


def contrastive_deviation_bound(*, temperature: float, num_negatives: int) -> Deviation:
    r"""Bounds on the deviation from the limit, for every encoder and data distribution.

    With :math:`\rho = e^{2/\tau}` and :math:`q = 1/M`,

    .. math:: -\ln \frac{s (1 + q\rho - q s)}{s (1 - q) + q \rho}
              \;\le\; L_M - \ln M - \lim \;\le\; \ln\Big(1 + \frac\rho M\Big), \qquad
              s = \frac{\rho (1 + q\rho)}{q\rho + \sqrt{\rho (1 - q + q\rho)}} .

    Both halves are below :math:`e^{2/\tau} / M` in size: the deviation decays like 1/M, faster than
    the :math:`O(M^{-1/2})` of theorem 1, whose proof adds a term of that order to one of order
    :math:`e^{2/\tau} / M`. The lower half is at most :math:`(e^{1/\tau} - 1)^2 / M`.

    Assumptions:
        Unit vectors; given the pair, the negatives are i.i.d.

    Proof:
        Given the pair, the deviation is :math:`E \ln(P/M + \bar W) - \ln\mu` with the positive's
        potential :math:`P`, the mean :math:`\bar W` of the negatives' and its expectation
        :math:`\mu`, all potentials in :math:`[a, b] = [e^{-1/\tau}, e^{1/\tau}]`. *Upper:* by
        Jensen's inequality it is at most :math:`\ln(1 + P / (M \mu))`, and :math:`P/\mu \le \rho`.
        *Lower:* it is at least :math:`-\ln E[\mu / \bar W]`. On :math:`x \ge a` the function 1/x is
        below the parabola that crosses it at `a` and is tangent at a point `d`, as the
        difference is :math:`(x - a)(x - d)^2 / (a d^2 x)`; hence among distributions with this
        mean and variance, the two-point one on `a` and `d` maximises :math:`E[1/\bar W]`.
        The variance is at most :math:`(b - \mu)(\mu - a) / M`, which makes
        :math:`d = \mu + (b - \mu) / M`; the worst :math:`\mu = s a` follows by differentiation.

    Args:
        temperature: :math:`\tau`, above 0.
        num_negatives: :math:`M`, 1 or more.

    Returns:
        Lower and upper bound of the deviation.

    Raises:
        ValueError: A non-positive temperature, fewer than 1 negative.

    Vacuous:
        Unless :math:`M \gg e^{2/\tau}`: 55 at temperature 0.5, but 22,026 at 0.2 and 485 million at
        0.1. Below that, use :func:`contrastive_deviation`, which depends on the embeddings.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), theorem 1, third part; the constants and the
        rate are derived here.

    Example:
        >>> bound = contrastive_deviation_bound(temperature=0.5, num_negatives=65_536)
        >>> print(f"{bound.lower:.6f} {bound.upper:.6f}")
        -0.000623 0.000833
        >>> bound = contrastive_deviation_bound(temperature=0.1, num_negatives=65_536)
        >>> print(f"{bound.lower:.2f} {bound.upper:.2f}")
        -8.90 8.91
    """
    check_positive(temperature=temperature)
    check_integer(at_least=1, num_negatives=num_negatives)
    q, least = 1 / num_negatives, math.exp(-2 / temperature)  # 1/ρ, which does not overflow
    spread = -math.expm1(-2 / temperature)  # 1 − 1/ρ
    root = math.sqrt((1 - q) * least + q)
    share = (least + q) / (q + root)  # s/ρ
    above = spread * (least + q) / (root + least) / (q + root)  # 1 − s/ρ
    below = spread * (q + least * (1 - q) / (1 + root)) / (q + root)  # (s − 1)/ρ
    excess = q * above * below / (share * (1 - q) + q)  # (logarithm's argument − 1) / ρ
    return Deviation(
        lower=-_log1p_exp(excess, 2 / temperature), upper=_log1p_exp(q, 2 / temperature)
    )


def _log1p_exp(factor: float, exponent: float) -> float:
    """ln(1 + factor·e^exponent) without overflow, for a positive factor."""
    total = math.log(factor) + exponent
    return total + math.log1p(math.exp(-total)) if total > 0 else math.log1p(math.exp(total))


@torch.no_grad()
def contrastive_deviation(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "bank dim"],
    *,
    temperature: float,
    num_negatives: int,
) -> Deviation:
    r"""Bounds on the deviation from the limit for given embeddings.

    For each anchor let :math:`\mu` be the mean of :math:`e^{\cos/\tau}` over the bank,
    :math:`\kappa` its mean square over :math:`\mu^2`, and :math:`P` the positive's value. Then

    .. math:: A - g \;\le\; L_M - \ln M - \lim \;\le\; A
              = E \ln\Big(1 + \frac{P}{M \mu}\Big), \qquad
              g = E\Big[c_\theta \frac{\kappa - 1}{M}
              + \ln(\mu\, e^{1/\tau})\, e^{-M (1 - \theta)^2 / (2 \kappa)}\Big],

    with :math:`c_\theta = (\theta - 1 - \ln\theta) / (1 - \theta)^2` and the best of a few
    :math:`\theta < 1`. Each anchor's term is replaced by the two-point bound of
    :func:`contrastive_deviation_bound`, with the anchor's own variance, where that is smaller.

    Assumptions:
        The M negatives are drawn independently, with replacement, from `negatives`.

    Proof:
        The upper half is Jensen's inequality. For the lower half, let `r` be the softmax
        denominator divided by its expectation, so that :math:`E r = 1` and the gap is
        :math:`E[r - 1 - \ln r]`. Where :math:`r \ge \theta` the integrand is at most
        :math:`c_\theta (r - 1)^2`, as their ratio falls with `r`, and :math:`E (r - 1)^2` is at
        most :math:`(\kappa - 1) / M`. Elsewhere it is at most
        :math:`-\ln r \le \ln(\mu / e^{-1/\tau})`, and a mean of M positive variables is below
        :math:`\theta` times its expectation with probability at most
        :math:`e^{-M (1 - \theta)^2 / (2 \kappa)}`.

    Args:
        z1: First view's projections, the anchors; non-zero, normalised internally.
        z2: Second view's, in the same order.
        negatives: Projections that represent the data distribution, each with equal probability.
        temperature: :math:`\tau`, above 0.
        num_negatives: :math:`M`, 1 or more.

    Returns:
        Lower and upper bound of the deviation. They differ by `g`, which is small once
        :math:`M \gg \kappa`.

    Raises:
        ValueError: Shapes that do not match, a non-positive temperature, fewer than 1
            negative.
        TypeError: Integer tensors.

    Vacuous:
        The lower half, unless M is several times :math:`\kappa`: at temperatures so low that a
        single neighbour dominates the sum.

    Cost:
        Time batch·bank·dim, half that if `negatives` *is* `z1`; memory that of the arguments.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), theorem 1, third part; derived here.

    Example:
        >>> z = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> found = contrastive_deviation(z, z, z, temperature=0.5, num_negatives=256)
        >>> print(f"{found.lower:.4f} {found.upper:.4f}")
        0.0075 0.0120
    """
    check_matrix(z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_matrix(negatives=negatives)
    check_same_columns(z1=z1, negatives=negatives)
    check_positive(temperature=temperature)
    check_integer(at_least=1, num_negatives=num_negatives)
    anchors = to_sphere(z1)
    bank = anchors if negatives is z1 else to_sphere(negatives)  # the same object: half the work
    means = log_potentials(anchors, bank, scale=1 / temperature).double()
    squares = log_potentials(anchors, bank, scale=2 / temperature).double()
    positives = (anchors * to_sphere(z2)).sum(dim=1).double() / temperature
    upper = F.softplus(positives - means - math.log(num_negatives)).mean().item()
    excess = (squares - 2 * means).expm1().clamp(min=0)  # κ − 1
    depth = (means + 1 / temperature).clamp(min=0)  # ln(μ/a)
    variance = excess / num_negatives
    jump = variance / -(-depth).expm1().clamp(max=-1e-300)
    two_point = (depth + ((-depth).exp() + jump).log() - jump.log1p()).nan_to_num(nan=torch.inf)
    gaps = [depth, two_point.clamp(min=0)]
    for theta in _THETAS:
        curvature = (theta - 1 - math.log(theta)) / (1 - theta) ** 2
        tail = depth * (-num_negatives * (1 - theta) ** 2 / (2 * (1 + excess))).exp()
        gaps.append(curvature * variance + tail)
    gap = torch.stack(gaps).amin(dim=0).mean().item()
    return Deviation(lower=upper - gap, upper=upper)
