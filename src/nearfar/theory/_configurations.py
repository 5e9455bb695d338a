"""Optimal configurations of few points on the sphere, and the potential and loss they attain."""

from __future__ import annotations

import math

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer, check_positive

__all__ = [
    "batch_contrastive_minimum",
    "cross_polytope",
    "few_point_minimum",
    "regular_polygon",
    "simplex",
]


def simplex(points: int, dim: int) -> Float[Tensor, "points dim"]:
    r"""Vertices of a regular simplex on the unit sphere: pairwise cosines −1/(n − 1).

    Statement: among n unit vectors in any dimension, they minimise the mean pairwise potential, for
    any potential that is convex and decreasing in the squared distance.

    Args:
        points: Number of vertices n, from 2 to ``dim + 1``.
        dim: Dimension; unused coordinates are 0.

    Returns:
        Unit vectors in float64 that sum to zero.

    Raises:
        ValueError: Fewer than 2 points, or more than ``dim + 1``.

    Example:
        >>> corners = simplex(3, 2)
        >>> print(corners @ corners.T)
        tensor([[ 1.0000, -0.5000, -0.5000],
                [-0.5000,  1.0000, -0.5000],
                [-0.5000, -0.5000,  1.0000]], dtype=torch.float64)
    """
    check_integer(at_least=2, points=points)
    check_integer(at_least=1, dim=dim)
    if points > dim + 1:
        raise ValueError(
            f"`points` must be at most {dim + 1} for a regular simplex in {dim} dimensions,"
            f" got {points}"
        )
    order = torch.arange(1, points, dtype=torch.float64)
    # Helmert's contrasts: row k is 1 on the first k coordinates and −k on the next
    contrasts = torch.ones(points - 1, points, dtype=torch.float64).tril()
    contrasts.diagonal(1).copy_(-order)
    contrasts /= (order * (order + 1)).sqrt()[:, None]
    corners = torch.zeros(points, dim, dtype=torch.float64)
    corners[:, : points - 1] = contrasts.T * math.sqrt(points / (points - 1))
    return corners


def regular_polygon(points: int) -> Float[Tensor, "points 2"]:
    """Vertices of a regular polygon on the unit circle: the optimal n points on it.

    Args:
        points: Number of vertices, 2 or more.

    Returns:
        Unit vectors in float64; the first is (1, 0).

    Raises:
        ValueError: Fewer than 2 points.

    Reference:
        Cohn & Kumar, J. AMS 2007 (arXiv math/0607446): equally spaced points on the circle are
        optimal for every completely monotone potential of the squared distance.

    Example:
        >>> print(regular_polygon(4).round().abs())
        tensor([[1., 0.],
                [0., 1.],
                [1., 0.],
                [0., 1.]], dtype=torch.float64)
    """
    check_integer(at_least=2, points=points)
    angles = torch.arange(points, dtype=torch.float64) * (2 * math.pi / points)
    return torch.stack([angles.cos(), angles.sin()], dim=1)


def cross_polytope(dim: int) -> Float[Tensor, "points dim"]:
    """The 2·dim signed unit vectors along the axes: the optimal configuration of 2·dim points.

    Args:
        dim: Dimension, 1 or more.

    Returns:
        Unit vectors in float64, the positive axes first.

    Raises:
        ValueError: A dimension below 1.

    Reference:
        Cohn & Kumar, J. AMS 2007 (arXiv math/0607446), table 1.

    Example:
        >>> print(cross_polytope(1))
        tensor([[ 1.],
                [-1.]], dtype=torch.float64)
    """
    check_integer(at_least=1, dim=dim)
    axes = torch.eye(dim, dtype=torch.float64)
    return torch.cat([axes, -axes])


def few_point_minimum(points: int, dim: int, t: float = 2.0) -> float:
    r"""Minimum of uniformity without self-pairs, where the optimal configuration is known.

    ========================================  ====================================================
    where                                     minimal :func:`nearfar.objectives.uniformity_loss`
    ========================================  ====================================================
    n ≤ m + 1: :func:`simplex`                :math:`-2t\, \frac{n}{n - 1}`
    m = 2: :func:`regular_polygon`            :math:`-2t + \ln \frac1{n - 1}
                                              \sum_{k=1}^{n-1} e^{2t \cos(2 \pi k / n)}`
    n = 2m: :func:`cross_polytope`            :math:`-2t + \ln \frac{2m - 2 + e^{-2t}}{2m - 1}`
    ========================================  ====================================================

    The first line is a lower bound for every n (Jensen's inequality, as
    :math:`\lVert \sum u_i \rVert^2 \ge 0`), not attained by more than m + 1 points.

    Args:
        points: Number n of points, 2 or more.
        dim: Dimension m of the ambient space.
        t: Inverse width of the kernel, above 0.

    Returns:
        The exact minimum; :func:`uniformity_floor` is a lower bound for any number of points.

    Raises:
        ValueError: Fewer than 2 points, a dimension below 1, a non-positive `t`, or a case not
            listed above.

    Reference:
        Cohn & Kumar, J. AMS 2007 (arXiv math/0607446), for the second and third line.

    Example:
        >>> print(f"{few_point_minimum(100, 128):.4f} {few_point_minimum(12, 2):.4f}")
        -4.0404 -2.0031
    """
    check_integer(at_least=2, points=points)
    check_integer(at_least=1, dim=dim)
    check_positive(t=t)
    if points <= dim + 1:
        return -2 * t * points / (points - 1)
    if dim == 2:
        cosines = np.cos(2 * math.pi * np.arange(1, points) / points)
        return float(np.log(np.exp(2 * t * (cosines - 1)).mean()))
    if points == 2 * dim:
        return -2 * t + math.log((2 * dim - 2 + math.exp(-2 * t)) / (2 * dim - 1))
    raise ValueError(
        f"`points` must be at most {dim + 1} (simplex) or equal to {2 * dim} (cross-polytope) in"
        f" {dim} dimensions, got {points}"
    )


def batch_contrastive_minimum(
    batch_size: int, *, temperature: float, both_views: bool = False
) -> float:
    r"""Minimum of the contrastive loss with in-batch negatives.

    .. math:: \ln\Big(1 + K\, e^{-\frac{N}{(N - 1) \tau}}\Big), \qquad
              K = N - 1 \text{ or } 2 (N - 1)

    Statement: a lower bound for any 2N unit vectors in any dimension, attained only by aligned
    views on the vertices of a :func:`simplex`, that is if and only if ``batch_size ≤ dim + 1``.

    Proof:
        The loss is a mean of :math:`\ln(1 + \sum_k e^{d_k})`, convex in the differences of scores,
        so at least its value with all differences at their mean. With `c` the positives' mean
        cosine, and as :math:`\lVert \sum (u_i + v_i) \rVert^2 \ge 0`, that mean is at least
        :math:`-\frac1\tau \big(\frac{1 + c}{2 (N - 1)} + \frac{1 + c}2\big)` in the first case
        and :math:`-\frac1\tau \big(\frac{1 + c}{2 (N - 1)} + c\big)` in the second; both are
        minimal at c = 1.

    Args:
        batch_size: Pairs N in the batch, 2 or more.
        temperature: :math:`\tau`, above 0.
        both_views: Whether both views of the other samples are negatives, as in
            :func:`nearfar.objectives.nt_xent_loss`, or only the opposite view, as in
            :func:`nearfar.objectives.contrastive_loss`.

    Returns:
        The minimum; the loss at chance is ln(1 + K).

    Raises:
        ValueError: Fewer than 2 pairs, a non-positive temperature.

    Vacuous:
        Not attainable where the batch is much larger than the dimension; near 0 at low temperature.

    Example:
        >>> print(f"{batch_contrastive_minimum(256, temperature=0.5):.4f}")
        3.5622
        >>> print(f"{batch_contrastive_minimum(256, temperature=0.5, both_views=True):.4f}")
        4.2411
    """
    check_integer(at_least=2, batch_size=batch_size)
    check_positive(temperature=temperature)
    others = (1 + both_views) * (batch_size - 1)
    return math.log1p(others * math.exp(-batch_size / ((batch_size - 1) * temperature)))
