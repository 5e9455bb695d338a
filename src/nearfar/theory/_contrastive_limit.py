"""What the contrastive loss tends to with ever more negatives."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_matrix, check_positive, check_same_columns, check_same_shape
from nearfar.ops import pairwise_logsumexp, to_sphere
from nearfar.records import Record

__all__ = ["ContrastiveLimit", "contrastive_limit", "log_potentials"]


@dataclass(frozen=True)
class ContrastiveLimit(Record):
    """The limit's two terms.

    Attributes:
        alignment: −1/τ times the mean cosine of the positives; at least −1/τ.
        uniformity: Mean logarithm of the expected exponentiated similarity to another sample; at
            most 1/τ, where all are one point.
    """

    alignment: float
    uniformity: float

    @property
    def total(self) -> float:
        """The limit of the loss less the logarithm of the number of negatives."""
        return self.alignment + self.uniformity


@torch.no_grad()
def contrastive_limit(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "bank dim"] | None = None,
    *,
    temperature: float,
) -> ContrastiveLimit:
    r"""Limit of the contrastive loss less ln M, M negatives growing without bound.

    .. math:: \lim_{M \to \infty} L_M - \ln M = -\frac1\tau E\big[u^\top v\big]
              + E_u \ln E_{v^-}\, e^{u^\top v^- / \tau}

    Statement: its first term is least for perfectly aligned encoders and no others, its second for
    perfectly uniform ones where such exist (theorem 1); together they reach
    :func:`perfect_contrastive_loss`. The second term is the potential of
    :func:`gaussian_potential` with :math:`t = 1 / (2 \tau)`, but for the logarithm's place before
    the mean over anchors.

    Assumptions:
        Negatives are drawn independently from the samples' own distribution. Of the two ways to
        read that from embeddings, giving `negatives` is exact for draws, with replacement, from
        that bank; without, each view's other samples estimate the distribution, a sample never
        against itself, and the two views' terms are averaged.

    Args:
        z1: First view's projections, the anchors; any length but zero, normalised here.
        z2: Second view's, in the same order.
        negatives: Projections that stand for the whole distribution, with equal chances.
        temperature: :math:`\tau`, above 0.

    Returns:
        The two terms and, as ``total``, their sum.

    Raises:
        ValueError: Not matrices of fitting shapes, fewer than 2 samples without `negatives`, a
            temperature not above 0.
        TypeError: Integer tensors.

    Vacuous:
        Where the loss with the M in use is still far from its limit: :math:`e^{2/\tau}` negatives
        may be needed. :func:`contrastive_deviation` tells the distance for given embeddings.
        At low temperature the estimate hangs on each sample's nearest neighbours and falls as more
        samples are given.

    Cost:
        Time batch²·dim, with `negatives` batch·bank·dim (half of it where they *are* `z1`); memory
        that of the arguments.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), theorem 1.

    Example:
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> limit = contrastive_limit(z1, z1, temperature=0.5)
        >>> print(f"{limit.alignment:.4f} {limit.uniformity:.4f}")
        -2.0000 -0.3400
        >>> limit = contrastive_limit(z1, z1, z1, temperature=0.5)  # these four are the world
        >>> print(f"{limit.total:.4f}")
        -1.1324
    """
    check_matrix(min_rows=2 if negatives is None else 1, z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_positive(temperature=temperature)
    u1, u2 = to_sphere(z1), to_sphere(z2)
    alignment = -(u1 * u2).sum(dim=1).mean().item() / temperature
    if negatives is not None:
        check_matrix(negatives=negatives)
        check_same_columns(z1=z1, negatives=negatives)
        bank = u1 if negatives is z1 else to_sphere(negatives)  # one set: half the work
        uniformity = log_potentials(u1, bank, scale=1 / temperature).mean().item()
    else:
        both = [log_potentials(u, None, scale=1 / temperature).mean().item() for u in (u1, u2)]
        uniformity = sum(both) / 2
    return ContrastiveLimit(alignment=alignment, uniformity=uniformity)


def log_potentials(
    anchors: Float[Tensor, "batch dim"], bank: Float[Tensor, "bank dim"] | None, *, scale: float
) -> Float[Tensor, " batch"]:
    """Logarithm of each unit anchor's mean exp(scale·cosine) to a bank, or to all other anchors."""
    if bank is None:
        sums = pairwise_logsumexp(anchors, anchors, scale=scale, exclude_self=True)
        return sums - math.log(len(anchors) - 1)
    return pairwise_logsumexp(anchors, bank, scale=scale) - math.log(len(bank))
