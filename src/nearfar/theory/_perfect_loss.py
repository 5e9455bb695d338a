"""The contrastive loss of an encoder that is perfectly aligned and perfectly uniform."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from nearfar.checks import check_integer, check_positive
from nearfar.ops import uniformity_minimum

__all__ = ["perfect_contrastive_loss", "single_negative_minimum"]

_STEP = 0.25  # of ln x: the trapezoidal rule is exact to e^(-π²/step)
_DIGITS = 40.0


def perfect_contrastive_loss(
    dim: int, *, temperature: float, num_negatives: int | None = None
) -> float:
    r"""Contrastive loss with perfect alignment and perfect uniformity.

    With :math:`u` and :math:`v_1, \dots, v_M` independent and uniform on the sphere,

    .. math:: L_M = -\frac1\tau + E \ln\Big(e^{1/\tau} + \sum_{i=1}^M e^{u^\top v_i / \tau}\Big),
              \qquad
              \lim_{M \to \infty} (L_M - \ln M) = -\frac1\tau
              + \ln {}_0F_1\Big(; \frac m2; \frac1{4 \tau^2}\Big) .

    Statement: the limit is the minimum over all encoders (theorem 1), and :math:`L_1` the minimum
    for one negative (theorem 2). In between it is the value of that encoder but not proven to be
    the minimum; for the finitely many points of a batch, :func:`batch_contrastive_minimum`
    applies instead. By the upper half of :func:`contrastive_deviation_bound`,
    :math:`L_M - \ln M` exceeds the limit by at most :math:`\ln(1 + e^{2/\tau} / M)`.

    Assumptions:
        Positives equal their anchors; negatives are independent of them and of each other. Such an
        encoder exists if the data distribution has no atoms.

    Args:
        dim: Dimension :math:`m` of the projections; 1 is the two points −1 and 1.
        temperature: :math:`\tau`, above 0.
        num_negatives: :math:`M`, 1 or more; None for the limit.

    Returns:
        The loss :math:`L_M`, or the limit of :math:`L_M - \ln M` if `num_negatives` is None.

    Raises:
        ValueError: A dimension or a number of negatives below 1, a non-positive temperature.

    Vacuous:
        Where the temperature is so low that :math:`M e^{-1/\tau} \ll 1`: the loss of almost every
        aligned encoder is then near 0, and a loss near the minimum implies nothing about
        uniformity.

    Cost:
        Milliseconds. As :math:`\ln(1 + S) = \int_0^\infty (1 - e^{-x S}) e^{-x} \,dx / x`, the
        average over all negatives is one integral over that of a single negative to the M-th
        power; substituting :math:`x = e^y`, the trapezoidal rule is exact to rounding.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), theorems 1 and 2.

    Example:
        >>> print(f"{perfect_contrastive_loss(128, temperature=0.5):.5f}")
        -1.98438
        >>> print(f"{perfect_contrastive_loss(128, temperature=0.5, num_negatives=256):.4f}")
        3.5888
        >>> print(f"{perfect_contrastive_loss(2, temperature=0.5, num_negatives=1):.5f}")
        0.23937
    """
    check_integer(at_least=1, dim=dim)
    check_positive(temperature=temperature)
    if num_negatives is None:
        return uniformity_minimum(dim, 1 / (2 * temperature))
    check_integer(at_least=1, num_negatives=num_negatives)
    gaps, weights = _zonal_nodes(dim, tilt=1 / temperature)
    potentials = np.exp(-gaps / temperature)  # of a negative, in units of the positive's
    expected = num_negatives * float(potentials @ weights)
    lowest, highest = -math.log(max(1.0, expected)) - _DIGITS, math.log(_DIGITS)
    y = _STEP * np.arange(math.floor(lowest / _STEP), math.ceil(highest / _STEP) + 1)
    x = np.exp(y)
    one_less = -np.expm1(-x[:, None] * potentials) @ weights  # 1 − E exp(−x·potential)
    surviving = np.log1p(-np.minimum(one_less, 1 - 2.0**-53))
    integrand = -np.exp(-x) * np.expm1(num_negatives * surviving)
    return float(integrand.sum() * _STEP)


def single_negative_minimum(dim: int, *, temperature: float) -> float:
    r"""Minimum of the contrastive loss with one negative, over all encoders on this sphere.

    .. math:: L_1 \ge -\frac1\tau + \iint \ln\big(e^{1/\tau} + e^{u^\top v / \tau}\big)
              \,d\sigma(u)\, d\sigma(v)

    with :math:`\sigma` the uniform distribution: the loss of a perfectly aligned and uniform
    encoder, which attains it.

    Assumptions:
        The negative is independent of the pair and has the same marginal distribution.

    Args:
        dim: Dimension of the projections; 1 is the two points −1 and 1.
        temperature: :math:`\tau`, above 0.

    Returns:
        A number in (0, ln 2); a collapsed encoder has ln 2.

    Raises:
        ValueError: A dimension below 1, a non-positive temperature.

    Vacuous:
        At low temperature in many dimensions, where it is near 0.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), theorem 2. It is
        :func:`perfect_contrastive_loss` with one negative, by a direct integral.

    Example:
        >>> for dim in (2, 3, 128):
        ...     print(f"{single_negative_minimum(dim, temperature=0.5):.5f}")
        0.23937
        0.20106
        0.12857
    """
    check_integer(at_least=1, dim=dim)
    check_positive(temperature=temperature)
    gaps, weights = _zonal_nodes(dim, tilt=1 / temperature)
    return float(np.log1p(np.exp(-gaps / temperature)) @ weights)


def _zonal_nodes(dim: int, *, tilt: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    r"""Nodes and weights for :math:`E\, g(c)`, with `c` the cosine to a uniform direction.

    The cosine has density :math:`\propto (1 - c^2)^{(m - 3) / 2}`, and with :math:`c = \tanh s`
    the variable `s` has density :math:`\propto \cosh(s)^{1 - m}`: smooth on the whole line in every
    dimension, so that the trapezoidal rule converges exponentially. Step and range cover that
    density both as it is and tilted by :math:`e^{\mathrm{tilt} \cdot c}`.

    Args:
        dim: Dimension of the ambient space; 1 is the two points −1 and 1.
        tilt: Largest slope of :math:`\ln g` in the cosine.

    Returns:
        :math:`1 - c` at the nodes, accurate also near 0, and weights that sum to 1.
    """
    if dim == 1:
        return np.array([0.0, 2.0]), np.array([0.5, 0.5])
    power = dim - 1.0
    reach = math.acosh(math.exp(_DIGITS / power))
    peak = math.asinh(2 * tilt / power) / 2
    step = min(0.035, 0.5 / math.sqrt(power + 0.77 * tilt))
    s = step * np.arange(-math.ceil(reach / step), math.ceil((peak + reach) / step) + 1)
    log_cosh = np.logaddexp(s, -s) - math.log(2)
    weights = np.exp(-power * log_cosh)
    return 2 / (np.exp(2 * s) + 1), weights / weights.sum()
