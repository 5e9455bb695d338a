"""How low the uniformity of points on the unit sphere can go."""

from __future__ import annotations

import math

from nearfar.checks import check_integer, check_positive

__all__ = ["uniformity_floor", "uniformity_minimum"]


def _log_hypergeometric(b: float, x: float) -> float:
    r"""Logarithm of :math:`{}_0F_1(;b;x) = \sum_k x^k / ((b)_k k!)` for positive `b` and `x`.

    All terms are positive. They grow until ``k (b + k) = x`` and fall from there, so the sum runs
    outwards from the largest, in units of it: nothing over- or underflows, whatever `b` and `x`.
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
    r"""Uniformity of the uniform distribution on the unit sphere: no distribution has less.

    .. math:: -2t + \ln {}_0F_1\big(;\tfrac{m}{2}; t^2\big)

    Args:
        dim: Dimension :math:`m` of the ambient space; 1 is the two points −1 and 1.
        t: Width of the kernel, above 0.

    Returns:
        A number that falls with `dim` and tends to :math:`-2t`; a single point reads 0.

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
    r"""Least uniformity that finitely many points can show when no point is paired with itself.

    The estimator without self-pairs may fall below :func:`uniformity_minimum`, since `samples`
    points can avoid each other better than independent draws do. With :math:`L` the minimum,

    .. math:: \max\Big(\ln \frac{B e^{L} - 1}{B - 1}, \; -2t \frac{B}{B - 1}\Big) ,

    the first where :math:`B e^L > 1`. The second holds because the mean squared distance of
    :math:`B` unit vectors is at most :math:`2B / (B - 1)`, and by Jensen's inequality; a simplex
    reaches it.

    Args:
        dim: Dimension of the ambient space.
        samples: Points :math:`B`, 2 or more.
        t: Width of the kernel, above 0.

    Returns:
        A lower bound; it rises to :func:`uniformity_minimum` as `samples` grows.

    Example:
        >>> print(f"{uniformity_floor(64, 180):.2f} {uniformity_floor(64, 100_000):.2f}")
        -4.02 -3.88
    """
    check_integer(at_least=2, samples=samples)
    least = samples * math.exp(uniformity_minimum(dim, t))
    pairs = least * (1 - 1e-13) - 1  # rounding must not lift a bound above what is reached
    simplex = -2 * t * samples / (samples - 1)
    return max(simplex, math.log(pairs / (samples - 1))) if pairs > 0 else simplex
