"""The Gaussian potential on the sphere and the minima of its averages."""

from __future__ import annotations

import math

from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer, check_matrix, check_positive, check_same_shape
from nearfar.ops import to_sphere, uniformity_floor, uniformity_minimum

__all__ = [
    "gaussian_potential",
    "uniformity_floor",
    "uniformity_minimum",
    "with_self_pairs",
    "without_self_pairs",
]


def gaussian_potential(
    z1: Float[Tensor, "batch dim"], z2: Float[Tensor, "batch dim"], *, t: float = 2.0
) -> Float[Tensor, " batch"]:
    r"""Gaussian potential of pairs of points on the sphere, row by row.

    .. math:: G_t(u, v) = e^{-t \lVert u - v \rVert_2^2} = e^{2 t\, u^\top v - 2t}

    Its mean over independent pairs is at least :math:`e^{-2t}\, {}_0F_1(; \tfrac m2; t^2)`,
    attained only by the uniform distribution, and at most 1, attained only by a single point
    (propositions 1 and 3). The logarithm of the mean is
    :func:`nearfar.objectives.uniformity_loss`, that of the minimum :func:`uniformity_minimum`.

    Args:
        z1: Non-zero vectors; normalised internally.
        z2: The other vector of each pair; same shape.
        t: Inverse width of the kernel, above 0; :math:`1 / (2 \tau)` in the second term of a
            contrastive loss with temperature :math:`\tau`.

    Returns:
        One number per row, in :math:`[e^{-4t}, 1]`: 1 for equal directions.

    Raises:
        ValueError: Not two matrices of equal shape, or a non-positive `t`.
        TypeError: Integer tensors.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), section 4.1.2, propositions 1 and 3.

    Example:
        >>> import torch
        >>> east, north = torch.tensor([[1.0, 0.0]]), torch.tensor([[0.0, 3.0]])
        >>> print(f"{gaussian_potential(east, north, t=2).item():.4f}")
        0.0183
    """
    check_matrix(z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_positive(t=t)
    squares: Tensor = (to_sphere(z1) - to_sphere(z2)).square().sum(dim=1)
    return (-t * squares).exp()


def without_self_pairs(uniformity: float, *, samples: int) -> float:
    r"""Uniformity over pairs of different samples, from uniformity over all ordered pairs.

    .. math:: \hat L_2 = \ln \frac{B\, e^{\hat L_1} - 1}{B - 1}

    where :math:`\hat L_1` is the logarithm of the mean over all :math:`B^2` ordered pairs,
    including self-pairs, and :math:`\hat L_2` that over the :math:`B (B - 1)` pairs of different
    samples. Each determines the other; they differ in what they estimate:

    * :math:`e^{\hat L_2}` is an unbiased estimate of the expected potential and may fall below its
      minimum; its bound is :func:`uniformity_floor`;
    * :math:`e^{\hat L_1}` is the potential of the empirical distribution, biased upwards by
      :math:`(1 - e^{\hat L_2}) / B`, and at least :func:`uniformity_minimum`.

    Args:
        uniformity: :math:`\hat L_1`, at most 0 and, since self-pairs count 1 each, above
            :math:`-\ln B`.
        samples: Number of points :math:`B`, 2 or more.

    Returns:
        :math:`\hat L_2`, at most 0.

    Raises:
        ValueError: Fewer than 2 samples, or a value that `samples` points cannot have.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), the appendix on the estimators.

    Example:
        >>> print(f"{without_self_pairs(-1.2, samples=4):.4f}")
        -2.6844
    """
    check_integer(at_least=2, samples=samples)
    if not -math.log(samples) < uniformity <= 0:
        raise ValueError(
            f"`uniformity` must be above −ln {samples} = {-math.log(samples):.4f}, the value of"
            f" the self-pairs alone, and at most 0, got {uniformity!r}"
        )
    return math.log(math.expm1(uniformity + math.log(samples)) / (samples - 1))


def with_self_pairs(uniformity: float, *, samples: int) -> float:
    r"""Uniformity over all ordered pairs, from uniformity over pairs of different samples.

    .. math:: \hat L_1 = \ln \frac{1 + (B - 1)\, e^{\hat L_2}}{B}

    The inverse of :func:`without_self_pairs`, which compares the two.

    Args:
        uniformity: :math:`\hat L_2`, at most 0.
        samples: Number of points :math:`B`, 2 or more.

    Returns:
        :math:`\hat L_1`, at least :func:`uniformity_minimum` in the points' dimension.

    Raises:
        ValueError: Fewer than 2 samples, or a positive value.

    Example:
        >>> print(f"{with_self_pairs(-2.6844, samples=4):.4f}")
        -1.2000
    """
    check_integer(at_least=2, samples=samples)
    if not uniformity <= 0:
        raise ValueError(f"`uniformity` must be 0 or less, got {uniformity!r}")
    return math.log1p((samples - 1) * math.exp(uniformity)) - math.log(samples)
