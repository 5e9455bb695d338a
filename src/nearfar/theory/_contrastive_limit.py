"""Limit of the contrastive loss for infinitely many negatives."""

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
        alignment: −1/τ times the mean cosine of positive pairs; at least −1/τ.
        uniformity: Mean logarithm of the expected exponentiated similarity to another sample; at
            most 1/τ, at complete collapse.
    """

    alignment: float
    uniformity: float

    @property
    def total(self) -> float:
        """The limit of the loss minus the logarithm of the number of negatives."""
        return self.alignment + self.uniformity


@torch.no_grad()
def contrastive_limit(
    z1: Float[Tensor, "batch dim"],
    z2: Float[Tensor, "batch dim"],
    negatives: Float[Tensor, "bank dim"] | None = None,
    *,
    temperature: float,
) -> ContrastiveLimit:
    r"""Limit of the contrastive loss minus ln M as the number M of negatives grows.

    .. math:: \lim_{M \to \infty} L_M - \ln M = -\frac1\tau E\big[u^\top v\big]
              + E_u \ln E_{v^-}\, e^{u^\top v^- / \tau}

    Statement: the first term is minimised exactly by perfectly aligned encoders, the second by
    perfectly uniform ones where they exist (theorem 1); the joint minimum is
    :func:`perfect_contrastive_loss`. The second term is the logarithm of
    :func:`gaussian_potential`'s mean with :math:`t = 1 / (2 \tau)`, with the logarithm taken per
    anchor.

    Assumptions:
        Negatives are drawn independently from the data distribution. With `negatives`, the limit
        is exact for draws with replacement from that bank. Without, each view's other samples
        estimate the distribution (self-pairs excluded), and the two views' terms are averaged.

    Args:
        z1: First view's projections, the anchors; non-zero, normalised internally.
        z2: Second view's projections, in the same order.
        negatives: Projections that represent the data distribution, each with equal probability.
        temperature: :math:`\tau`, above 0.

    Returns:
        The two terms and their sum, ``total``.

    Raises:
        ValueError: Shapes that do not match, fewer than 2 samples without `negatives`, a
            temperature not above 0.
        TypeError: Integer tensors.

    Vacuous:
        Where the loss with M negatives is still far from its limit: :math:`e^{2/\tau}` negatives
        may be needed. :func:`contrastive_deviation` bounds the distance for given embeddings.
        At low temperature the estimate is dominated by each sample's nearest neighbours and
        depends on the number of samples.

    Cost:
        Time batch²·dim, with `negatives` batch·bank·dim (half that if they *are* `z1`); memory
        that of the arguments.

    Reference:
        Wang & Isola, ICML 2020 (arXiv 2005.10242), theorem 1.

    Example:
        >>> z1 = torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
        >>> limit = contrastive_limit(z1, z1, temperature=0.5)
        >>> print(f"{limit.alignment:.4f} {limit.uniformity:.4f}")
        -2.0000 -0.3400
        >>> limit = contrastive_limit(z1, z1, z1, temperature=0.5)  # these four are the population
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
        bank = u1 if negatives is z1 else to_sphere(negatives)  # the same object: half the work
        uniformity = log_potentials(u1, bank, scale=1 / temperature).mean().item()
    else:
        both = [log_potentials(u, None, scale=1 / temperature).mean().item() for u in (u1, u2)]
        uniformity = sum(both) / 2
    return ContrastiveLimit(alignment=alignment, uniformity=uniformity)


def log_potentials(
    anchors: Float[Tensor, "batch dim"], bank: Float[Tensor, "bank dim"] | None, *, scale: float
) -> Float[Tensor, " batch"]:
    """Log-mean-exp of scale·cosine from each unit anchor to a bank, or to all other anchors."""
    if bank is None:
        sums = pairwise_logsumexp(anchors, anchors, scale=scale, exclude_self=True)
        return sums - math.log(len(anchors) - 1)
    return pairwise_logsumexp(anchors, bank, scale=scale) - math.log(len(bank))
