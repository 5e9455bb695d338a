"""The part of the contrastive loss caused by negatives of the anchor's own class."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional as F

from nearfar.ops import full_precision
from nearfar.records import Record
from nearfar.theory._collisions import expected_log_collisions
from nearfar.theory._labeled_views import Contrast, LabeledViews
from nearfar.theory._prior import Prior

__all__ = ["CollisionTerm", "collision_term_bound"]

_FEW = 1024  # below this many negatives, masking all is faster than selecting the colliding ones


@dataclass(frozen=True)
class CollisionTerm(Record):
    r"""What colliding negatives contribute, and its bounds.

    Attributes:
        collisions: :math:`\mathbb E \ln(\mathrm{Col} + 1)`, the lower bound up to the gap.
        term: The contribution itself.
        standard_error: Standard error of `term`, a mean over random draws.
        bound: Upper bound: `collisions` plus the largest deviation in similarity, over t.
        deviation: Mean absolute difference between the similarity of two samples of one class and
            that of two views of one sample: the quantity in the paper's tables, a mean where
            `bound` takes the maximum, without 1/t.
    """

    collisions: float
    term: float
    standard_error: float
    bound: float
    deviation: float


@torch.no_grad()
def collision_term_bound(
    embeddings: Float[Tensor, "views samples dim"],
    labels: Int[Tensor, " samples"],
    *,
    num_negatives: int,
    temperature: float,
    prior: Prior | None = None,
    draws: int = 4096,
    seed: int = 0,
) -> CollisionTerm:
    r"""Lower and upper bound on what colliding negatives add to the contrastive loss.

    .. math:: \ln\Big(1 + \sum_{k :\, c_k = c} e^{z \cdot (z_k - z^+) / t}\Big)
              \;\le\; \ln(\mathrm{Col} + 1)
              + \frac1t \max_{k :\, c_k = c} \big| z \cdot (z_k - z^+) \big|

    *Proof*: each of the Col + 1 summands, the 1 included, is at most the exponential of the largest
    absolute deviation.

    Assumptions:
        Those of :func:`coupon_lower_bound`.

    Args:
        embeddings: Two views or more of each sample; rows need not be normalised.
        labels: The class of each sample, 0 or more.
        num_negatives: K, 1 or more.
        temperature: t, above 0.
        prior: A number of classes, or the probability of each; class frequencies if not given.
        draws: Number of anchors drawn.
        seed: Random seed of the draws.

    Raises:
        ValueError: As :func:`coupon_lower_bound`.

    Reading:
        A `deviation` that stays constant as K grows means that many negatives do not separate
        samples of one class, although they repel each other. On CIFAR-10 the paper finds 0.60 to
        0.62 from 32 to 512 candidates.

    Vacuous:
        Where the deviation is near its maximum, 2, and t is small: 2/t exceeds any contrastive
        loss seen in practice.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866), the upper bound of the collision term.

    Example:
        >>> centers = torch.eye(4).repeat(25, 1)
        >>> noise = torch.randn(2, 100, 4, generator=torch.Generator().manual_seed(0))
        >>> found = collision_term_bound(
        ...     centers + 0.1 * noise, torch.arange(4).repeat(25), num_negatives=31, temperature=0.5
        ... )
        >>> print(f"{found.collisions:.1f} {found.term:.1f} {found.bound:.1f}")
        2.1 2.1 2.2
    """
    population = LabeledViews(embeddings, labels, prior=prior, temperature=temperature)
    terms, spreads = [], []
    for contrast in population.contrasts(num_negatives=num_negatives, draws=draws, seed=seed):
        for excess in _colliding(contrast):
            terms.append(F.softplus((excess / temperature).logsumexp(dim=1)))
            sizes = excess.abs().masked_fill(excess.isinf(), 0)
            spreads.append(F.pad(sizes, (0, 1)).amax(dim=1))  # 0 without collision
    term, spread = torch.cat(terms).double(), torch.cat(spreads).double()
    collisions = expected_log_collisions(num_negatives, population.classes.prior)
    return CollisionTerm(
        collisions=collisions,
        term=float(term.mean()),
        standard_error=float(term.std()) / len(term) ** 0.5,
        bound=collisions + float(spread.mean()) / temperature,
        deviation=_deviation(population, draws, np.random.default_rng((seed, 1))),
    )


def _colliding(contrast: Contrast) -> Iterator[Tensor]:
    """Similarity of colliding negatives minus the positive's; −∞ or omitted where none collides."""
    if contrast.negatives.shape[1] < _FEW:
        excess = _excess(*contrast[1:4])
        missed = contrast.negative_labels[:, None, :] != contrast.labels[:, :, None]
        yield excess.masked_fill_(missed, -torch.inf).flatten(0, 1)
        return
    for labels, z, positives, negatives, negative_labels in zip(*contrast, strict=True):
        sorted_labels, order = negative_labels.sort()
        for label in sorted(set(labels.tolist())):
            ends = torch.searchsorted(sorted_labels, sorted_labels.new_tensor([label, label + 1]))
            some, colliding = labels == label, order[int(ends[0]) : int(ends[1])]
            yield _excess(z[some], positives[some], negatives[colliding])


def _excess(
    anchors: Float[Tensor, "*groups anchors dim"],
    positives: Float[Tensor, "*groups anchors dim"],
    negatives: Float[Tensor, "*groups negatives dim"],
) -> Float[Tensor, "*groups anchors negatives"]:
    with full_precision(anchors):
        return anchors @ negatives.mT - (anchors * positives).sum(dim=-1, keepdim=True)


def _deviation(population: LabeledViews, draws: int, rng: np.random.Generator) -> float:
    """The mean over classes and pairs, from equally many random pairs per class."""
    num_classes = len(population.classes.prior)
    classes = np.repeat(np.arange(num_classes), max(1, draws // num_classes))
    classes = classes[population.classes.sizes[classes] > 1]  # a class of one sample has no pairs
    if not len(classes):
        return 0.0
    anchors, others = population.classes.pairs(rng, classes)
    z = population.views[0][anchors]
    similar = (z * population.views[1][others]).sum(dim=1)
    return float((similar - (z * population.views[1][anchors]).sum(dim=1)).abs().double().mean())
