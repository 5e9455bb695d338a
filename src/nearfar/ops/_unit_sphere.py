"""The unit sphere: normalisation of vectors and the minima of uniformity."""

from __future__ import annotations

import math

from jaxtyping import Float
from torch import Tensor
from torch.linalg import vector_norm

from nearfar.checks import check_integer, check_positive
from nearfar.ops._precision import widen

__all__ = ["to_sphere", "uniformity_floor", "uniformity_minimum"]

_SHORTEST = 1e-12  # a shorter row has no direction


def to_sphere(vectors: Float[Tensor, "*samples dim"]) -> Float[Tensor, "*samples dim"]:
    """Divide every row by its norm, in float32 or wider.

    A row of norm below 1e-12 is returned unchanged, with its gradient: dividing by a tiny constant
    instead would multiply the gradient by 1e12.

    Example:
        >>> import torch
        >>> to_sphere(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
        tensor([[0.6000, 0.8000],
                [0.0000, 0.0000]])
    """
    vectors = widen(vectors)
    lengths: Tensor = vector_norm(vectors, dim=-1, keepdim=True)
    return vectors / lengths.masked_fill(lengths < _SHORTEST, 1.0)


def _log_hypergeometric(b: float, x: float) -> float:
    r"""Logarithm of :math:`{}_0F_1(;b;x) = \sum_k x^k / ((b)_k k!)` for positive `b` and `x`.

    All terms are positive, growing until ``k (b + k) = x`` and decreasing from there. The sum runs
    outwards from the largest term, relative to it, so nothing over- or underflows.
    """
    peak = int((math.sqrt(b * b + 4 * x) - b) / 2)
    largest = peak * math.log(x) - math.lgamma(peak + 1) - math.lgamma(b + peak) + math.lgamma(b)
    total = term = 1.0
    k = peak
    while term > 1e-18 * total:
        term *= x / ((b + k) * (k + 1))
        total += term
        k += 1
    term, k = 1.0, peak
    while k > 0 and term > 1e-18 * total:
        k -= 1
        term *= (b + k) * (k + 1) / x
        total += term
    return largest + math.log(total)


def uniformity_minimum(dim: int, t: float = 2.0) -> float:
    r"""Minimum of uniformity over distributions on the unit sphere, attained by the uniform one.

    .. math:: -2t + \ln {}_0F_1\big(;\tfrac{m}{2}; t^2\big)

    Args:
        dim: Dimension :math:`m` of the ambient space; 1 is the two points −1 and 1.
        t: Inverse width of the kernel, above 0.

    Returns:
        A number that decreases with `dim` towards :math:`-2t`. (A single point has 0.)

    Reference:
        Wang & Isola 2020, Proposition 3 (arXiv 2005.10242).

    Example:
        >>> print(f"{uniformity_minimum(2):.5f} {uniformity_minimum(128):.5f}")
        -1.57503 -3.93753
    """
    check_integer(at_least=1, dim=dim)
    check_positive(t=t)
    return _log_hypergeometric(dim / 2, t * t) - 2 * t


def uniformity_floor(dim: int, samples: int, t: float = 2.0) -> float:
    r"""Lower bound of uniformity without self-pairs, for finitely many points.

    The estimator without self-pairs can fall below :func:`uniformity_minimum`, since `samples`
    points can be farther apart than independent draws. With :math:`L` the minimum,

    .. math:: \max\Big(\ln \frac{B e^{L} - 1}{B - 1}, \; -2t \frac{B}{B - 1}\Big) ,

    the first if :math:`B e^L > 1`. The second follows from Jensen's inequality, as the mean squared
    distance of :math:`B` unit vectors is at most :math:`2B / (B - 1)`; a simplex attains it.

    Args:
        dim: Dimension of the ambient space.
        samples: Number of points :math:`B`, 2 or more.
        t: Inverse width of the kernel, above 0.

    Returns:
        A lower bound that increases towards :func:`uniformity_minimum` with `samples`.

    Example:
        >>> print(f"{uniformity_floor(64, 180):.2f} {uniformity_floor(64, 100_000):.2f}")
        -4.02 -3.88
    """
    check_integer(at_least=2, samples=samples)
    least = samples * math.exp(uniformity_minimum(dim, t))
    pairs = least * (1 - 1e-13) - 1  # rounding must not lift the bound above attained values
    simplex = -2 * t * samples / (samples - 1)
    return max(simplex, math.log(pairs / (samples - 1))) if pairs > 0 else simplex
