"""NT-Xent: identify each view's positive among all other samples' views."""

from __future__ import annotations

import math
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar._docstrings import documented_by
from nearfar.checks import check_integer, check_matrix, check_same_shape, check_temperature
from nearfar.objectives._objective import Objective, shared
from nearfar.ops import (
    at_given_precision,
    full_precision,
    pairwise_logsumexp,
    to_sphere,
    widen,
)
from nearfar.parallel import Ring

__all__ = ["NTXentLoss", "nt_xent_loss"]


@documented_by(shared)
def nt_xent_loss(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    *,
    temperature: float | Float[Tensor, ""],
    num_negatives: int | None = None,
    ring: Ring | None = None,
) -> Float[Tensor, ""]:
    r"""Pull the two views of a sample together, push both away from all other samples' views.

    .. math:: L = \frac1{2N} \sum_{i=1}^{2N} -\ln
              \frac{e^{\cos(z_i, z_{p(i)}) / \tau}}{\sum_{k \ne i} e^{\cos(z_i, z_k) / \tau}}

    over the 2N rows of both views, with :math:`p(i)` the other view of the same sample and
    :math:`\tau` the temperature. Vectors are normalised internally; sums accumulate in float32 or
    wider.

    Args:
        z1: First view's projections, non-zero.
        z2: Second view's projections, in the same order.
        num_negatives: K, number of negatives of each view, from 1 to 2N − 2: those of the next
            samples of the batch, cyclically, each with both views, so that K does not depend on the
            batch size. All 2N − 2 by default. Not with a ring.

    Returns:
        Mean over all 2N views; with a ring, over all processes' views.

    Raises:
        ValueError: Not two matrices of equal shape, fewer than 2 samples, a non-positive
            temperature, more negatives than the batch has, or a limited number with a ring.
        TypeError: Integer tensors.

    Scale:
        Chance or complete collapse: ln(2N − 1), or ln(K + 1). Perfect alignment of well separated
        samples: tends to 0 as the temperature falls; two antipodal samples have
        ln(1 + 2·e^(−2/τ)). Bounded by 0 and ln(1 + (2N − 2)·e^(2/τ)).

    Cost:
        Time 2N²·dim (each pair of views is computed once), memory 2N·dim, as the similarity matrix
        is never materialised. Couples the batch: gather first, or pass a ring, with which `k`
        processes share the work and hold two shards each.

    Relations:
        The mean of :func:`info_nce_loss` over both directions, with the other samples of the
        query's own view as additional negatives. For N → ∞, ``L − ln(2N)`` tends to alignment plus
        uniformity (Wang & Isola 2020, theorem 1).

    Reference:
        Chen, Kornblith, Norouzi, Hinton, ICML 2020 (arXiv 2002.05709), equation 1 and algorithm 1.
        The authors' TensorFlow code (google-research/simclr) adds the directions: twice this.

    Example:
        >>> import torch
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
        >>> z2 = torch.tensor([[0.8, 0.6], [0.6, 0.8]])
        >>> print(f"{nt_xent_loss(z1, z2, temperature=0.5):.4f}, chance {math.log(3):.4f}")
        0.8707, chance 1.0986
    """
    check_matrix(min_rows=1 if ring else 2, z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_temperature(temperature)
    both = to_sphere(torch.cat([z1, z2]))
    u1, u2 = both.chunk(2)
    positives = (u1 * u2).sum(dim=1) / temperature
    both = at_given_precision(both, z1)
    if num_negatives is None:
        negatives = pairwise_logsumexp(
            both, both, scale=1 / temperature, exclude_self=True, views=2, ring=ring
        )
    else:
        if ring is not None:
            raise ValueError("`num_negatives` must be None with a ring, got both")
        negatives = _of_next_samples(both, temperature, num_negatives)
    losses = F.softplus(negatives.view(2, -1) - positives)  # never negative, unlike a difference
    return losses.mean() if ring is None else ring.gather(losses.mean()[None]).mean()


def _of_next_samples(
    both: Float[Tensor, "views dim"], temperature: float | Tensor, count: int
) -> Float[Tensor, " views"]:
    """Log-sum-exp of each view over the first negatives of the samples after its own."""
    samples = len(both) // 2
    check_integer(at_least=1, num_negatives=count)
    if count > 2 * samples - 2:
        raise ValueError(
            f"`num_negatives` must be at most {2 * samples - 2} with {samples} samples, got {count}"
        )
    place = torch.arange(2 * samples, device=both.device)
    ahead = (place - place[:, None]) % samples  # samples after the view's own; 0 for its own
    rank = 2 * (ahead - 1) + place // samples
    with full_precision(both):
        similar = widen(both) @ widen(both).T / temperature
    return similar.masked_fill((ahead == 0) | (rank >= count), -torch.inf).logsumexp(dim=1)


@final
@documented_by(nt_xent_loss)
class NTXentLoss(Objective):
    """:func:`nt_xent_loss` with its hyper-parameters stored."""

    def __init__(self, *, temperature: float | Tensor, num_negatives: int | None = None) -> None:
        super().__init__()
        check_temperature(temperature)
        if num_negatives is not None:
            check_integer(at_least=1, num_negatives=num_negatives)
        self.temperature = temperature
        self.num_negatives = num_negatives

    def forward(self, z1: Tensor, z2: Tensor, *, ring: Ring | None = None) -> Tensor:
        """The loss of two views' projections."""
        return nt_xent_loss(
            z1,
            z2,
            temperature=self.temperature,
            num_negatives=self.num_negatives,
            ring=ring,
        )

    def chance(self, *, batch_size: int, num_negatives: int = 0) -> float:
        """ln(2N − 1), or ln(K + 1): all candidates score equally."""
        return math.log(1 + (self.num_negatives or 2 * batch_size - 2))
