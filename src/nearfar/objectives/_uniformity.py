"""Uniformity: log mean pairwise Gaussian potential on the sphere."""

from __future__ import annotations

import math
from typing import final

from jaxtyping import Float
from torch import Tensor

from nearfar._docstrings import documented_by
from nearfar.checks import check_matrix, check_positive
from nearfar.objectives._objective import Objective, shared
from nearfar.ops import at_given_precision, pairwise_logsumexp, to_sphere
from nearfar.parallel import Ring

__all__ = ["UniformityLoss", "uniformity_loss"]


@documented_by(shared)
def uniformity_loss(
    z: Float[Tensor, "batch dim"],
    *,
    t: float = 2.0,
    include_self: bool = False,
    ring: Ring | None = None,
) -> Float[Tensor, ""]:
    r"""Push all samples of one view apart, nearby ones most.

    .. math:: L = \ln \frac1{N (N - 1)} \sum_{i \ne j} e^{-t \lVert u_i - u_j \rVert_2^2}, \qquad
              u_i = z_i / \lVert z_i \rVert

    Vectors are normalised internally; sums accumulate in float32 or wider.

    Args:
        z: One view's projections, non-zero.
        t: Inverse width of the Gaussian potential, above 0.
        include_self: Average over all N² ordered pairs, including self-pairs.

    Returns:
        The logarithm of the mean potential.

    Raises:
        ValueError: Not a matrix, fewer than 2 samples, or a non-positive `t`.
        TypeError: An integer tensor.

    Scale:
        Complete collapse: 0, the maximum. Uniform points in ``dim`` dimensions: about
        ``−2t + ln 0F1(; dim/2; t²)``, near −2t for large dim. Without self-pairs a batch can fall
        below that, down to −4t (two antipodal points); with them it cannot.

    Cost:
        Time N²·dim / 2 (each pair is computed once), memory N·dim, as the distance matrix is never
        materialised. Couples the batch: gather first, or pass a ring, with which `k` processes
        share the work and hold two shards each.

    Relations:
        The second term of the contrastive loss for many negatives, with ``t = 1/(2·temperature)``
        and the logarithm outside the mean over samples. With self-pairs (A) and without (L):
        ``N·e^A = (N − 1)·e^L + 1``.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), section 4.1.2 and, for the estimator, the
        authors' code ssnl/align_uniform at 78ccdb1. For two views the paper averages both.

    Example:
        >>> import torch
        >>> square = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> print(f"{uniformity_loss(square):.4f}, {uniformity_loss(square[:1].repeat(4, 1)):.4f}")
        -4.3963, 0.0000
    """
    check_matrix(min_rows=1 if ring else 2, z=z)
    check_positive(t=t)
    u = at_given_precision(to_sphere(z), z)
    sums = pairwise_logsumexp(u, u, scale=2.0 * t, exclude_self=not include_self, ring=ring)
    total, samples = sums.logsumexp(dim=0), len(z)
    if ring is not None:
        total, samples = ring.gather(total[None]).logsumexp(dim=0), samples * ring.size
    return total - 2 * t - math.log(samples * (samples if include_self else samples - 1))


@final
@documented_by(uniformity_loss)
class UniformityLoss(Objective):
    """:func:`uniformity_loss` with its hyper-parameters stored."""

    def __init__(self, *, t: float = 2.0, include_self: bool = False) -> None:
        super().__init__()
        check_positive(t=t)
        self.t = t
        self.include_self = include_self

    def forward(self, z: Tensor, *, ring: Ring | None = None) -> Tensor:
        """The loss of one view's projections."""
        return uniformity_loss(z, t=self.t, include_self=self.include_self, ring=ring)

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> None:
        """None: the loss has no chance value."""
