"""The lower bound of the contrastive loss by which all classes are collected."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from nearfar.records import Record
from nearfar.theory._collisions import expected_log_collisions
from nearfar.theory._coupon_collector import log_coupon_collector_probability
from nearfar.theory._labelled_views import LabelledViews
from nearfar.theory._occupancy import log_others_appear
from nearfar.theory._prior import Prior
from nearfar.theory._supervised_bound import SupervisedBound, solve

__all__ = ["CouponBound", "coupon_lower_bound", "coupon_supervised_bound"]

_ENTRIES = 2**21  # of a block of draws × classes


@dataclass(frozen=True)
class CouponBound(Record):
    r"""The terms of :func:`coupon_lower_bound`.

    Attributes:
        info_nce: The contrastive loss :math:`L_{\mathrm{Info}}` of K negatives.
        standard_error: Of `info_nce`, which is a mean over random draws.
        coverage: :math:`\upsilon_{K+1}`, how likely all classes appear.
        log_least_coverage: The logarithm of the same, given an anchor of the most frequent class;
            :math:`\ln \upsilon_{K+1}` when classes are equal.
        supervised: :math:`L_{\sup}`, the mean classifier's loss among all classes.
        supervised_part: :math:`\upsilon\, \mathbb E[L_{\sup} \mid \text{all appear}]`.
        subclass_part: :math:`(1 - \upsilon)\, \mathbb E[L_{\mathrm{sub}} \mid \text{not all}]`.
        collisions: :math:`\mathbb E \ln(\mathrm{Col} + 1)`.
        gap: :math:`d(f) \le 0`.
        bound: ½ (`supervised_part` + `subclass_part` + `collisions`) + `gap`.
        classes: C.
    """

    info_nce: float
    standard_error: float
    coverage: float
    log_least_coverage: float
    supervised: float
    supervised_part: float
    subclass_part: float
    collisions: float
    gap: float
    bound: float
    classes: int


@torch.no_grad()
def coupon_lower_bound(
    embeddings: Float[Tensor, "views samples dim"],
    labels: Int[Tensor, " samples"],
    *,
    num_negatives: int,
    temperature: float,
    prior: Prior | None = None,
    draws: int = 4096,
    seed: int = 0,
) -> CouponBound:
    r"""Nozawa and Sato's lower bound of the contrastive loss, with every term of it.

    .. math:: L_{\mathrm{Info}}(f) \;\ge\; \tfrac12 \Big\{
              \upsilon_{K+1}\, \mathbb E[L_{\sup} \mid \text{all}]
              + (1 - \upsilon_{K+1})\, \mathbb E[L_{\mathrm{sub}} \mid \text{not all}]
              + \mathbb E \ln(\mathrm{Col} + 1) \Big\} + d(f)

    with the mean classifier's loss among all classes (sup) or the classes present in a draw (sub),
    the number Col of negatives of the anchor's class, and the gap

    .. math:: d(f) = \tfrac1t\, \mathbb E \min\{0,\; z \cdot (\mu_c - \bar f(x))\} \le 0

    where :math:`\mu_c` is the mean of a class's unit vectors (not normalised again) and
    :math:`\bar f(x)` that of the other views of the anchor's sample.

    *Proof*: the loss is convex in the similarities, so that replacing the positive by its mean
    over views and each negative by the mean of its class can only lower it (Jensen). Replacing the
    positive's mean by its class's costs at most −d(f), the slope in that similarity being between
    −1 and 0. What is left is at least the mean classifier's loss among the classes present, since
    repeated classes only add candidates; and at least ln(Col + 1), since colliding negatives then
    score as the positive does. Average the two.

    Assumptions:
        Anchors and negatives are drawn independently, class by `prior`, then a sample of the class.
        Here the samples given are that population: the inequality holds for them exactly, up to
        `standard_error`; how they stand for unseen samples is another matter.

    Args:
        embeddings: Two views or more of each sample; rows need not be normalised.
        labels: The class of each sample, 0 or more.
        num_negatives: K, 1 or more.
        temperature: t, above 0.
        prior: A number of classes, or the probability of each; the labels' shares if not given.
        draws: Anchors drawn for the contrastive loss and for the subclass loss; all other terms are
            exact.
        seed: Of the draws.

    Raises:
        ValueError: One view, fewer classes than labels, a class without samples, a temperature of 0
            or below, no negatives, NaN or infinity.

    Vacuous:
        While K + 1 is well below C ln C, `coverage` is about 0: the bound then speaks of telling
        apart the few classes that are in a draw, and says nothing of all. It is negative, and says
        nothing whatever, where the gap outweighs the rest: noisy views, low temperature.

    Cost:
        Time grows with draws × (K + C); memory is that of the embeddings and fixed blocks.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866).

    Example:
        >>> centres = torch.eye(4).repeat(25, 1)
        >>> noise = torch.randn(2, 100, 4, generator=torch.Generator().manual_seed(0))
        >>> terms = coupon_lower_bound(
        ...     centres + 0.1 * noise, torch.arange(4).repeat(25), num_negatives=31, temperature=0.5
        ... )
        >>> print(f"{terms.coverage:.4f} {terms.supervised:.2f} {terms.collisions:.2f}")
        0.9996 0.38 2.13
        >>> print(f"{terms.bound:.1f} <= {terms.info_nce:.1f}")
        1.2 <= 2.5
    """
    world = LabelledViews(embeddings, labels, prior=prior, temperature=temperature)
    info_nce, error = world.info_nce(num_negatives=num_negatives, draws=draws, seed=seed)
    supervised = world.supervised_losses()
    covered = _coverage_by_class(num_negatives, world)
    supervised_part = float(world.classes.prior * np.exp(covered) @ supervised)
    subclass_part = _subclass_part(world, num_negatives, draws, seed)
    collisions = expected_log_collisions(num_negatives, world.classes.prior)
    gap = world.gap()
    return CouponBound(
        info_nce=info_nce,
        standard_error=error,
        coverage=math.exp(log_coupon_collector_probability(num_negatives + 1, world.classes.prior)),
        log_least_coverage=float(covered.min()),
        supervised=float(world.classes.prior @ supervised),
        supervised_part=supervised_part,
        subclass_part=subclass_part,
        collisions=collisions,
        gap=gap,
        bound=(supervised_part + subclass_part + collisions) / 2 + gap,
        classes=len(world.classes.prior),
    )


def coupon_supervised_bound(terms: CouponBound) -> SupervisedBound:
    r"""What the contrastive loss says of the supervised loss, by :func:`coupon_lower_bound`.

    .. math:: L_{\sup}(f) \;\le\; \frac{2 L_{\mathrm{Info}}(f)
              - (1 - \upsilon_{K+1})\, \mathbb E[L_{\mathrm{sub}} \mid \text{not all}]
              - \mathbb E \ln(\mathrm{Col} + 1) - 2 d(f)}{\min_c \upsilon_{K+1 \mid c}}

    The denominator is the probability that all classes appear, given an anchor of class c; with
    equal classes that is :math:`\upsilon_{K+1}` for each, otherwise it is least for the most
    frequent class (whoever meets a rare one as the anchor need not wait for it).

    Assumptions:
        Those of :func:`coupon_lower_bound`.

    Args:
        terms: What that function returns.

    Returns:
        The bound beside the loss it bounds.

    Vacuous:
        Above ln C, which a collapsed encoder reads. While K is small it is far above, growing as
        1/υ. With K it does not grow as that of Arora et al. does, since υ tends to 1 and the
        collision term rises as the contrastive loss does. Yet even for a perfect encoder it is then
        no less than the collision term, which passes ln C when K is near C²: its news is how it
        depends on K, not its value. In the paper it reads 6 to 8 on CIFAR-10, where the loss is 1.8
        and a collapsed encoder reads 2.3.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866), Figure 1.

    Example:
        >>> centres = torch.eye(4).repeat(25, 1)
        >>> labels = torch.arange(4).repeat(25)
        >>> views = torch.stack([centres, centres])
        >>> for num_negatives in (8, 64):
        ...     terms = coupon_lower_bound(
        ...         views, labels, num_negatives=num_negatives, temperature=0.5
        ...     )
        ...     said = coupon_supervised_bound(terms)
        ...     print(f"{said.supervised:.2f} <= {said.bound:.1f}")
        0.34 <= 2.1
        0.34 <= 3.5
    """
    rest = 2 * (terms.info_nce - terms.gap) - terms.subclass_part - terms.collisions
    return solve(rest, terms.log_least_coverage, supervised=terms.supervised, classes=terms.classes)


def _coverage_by_class(num_negatives: int, world: LabelledViews) -> NDArray[np.float64]:
    """Logarithm of the probability that all classes appear, given the anchor's."""
    values, places, counts = np.unique(world.classes.prior, return_inverse=True, return_counts=True)
    return log_others_appear(num_negatives, values, counts.astype(np.float64))[places]


def _subclass_part(world: LabelledViews, num_negatives: int, draws: int, seed: int) -> float:
    """Mean of the subclass loss over draws, those that show all classes counting 0."""
    rng = np.random.default_rng((seed, 1))
    total = 0.0
    block = max(1, _ENTRIES // len(world.classes.prior))
    for start in range(0, draws, block):
        classes = world.classes.draw(rng, min(block, draws - start))
        present = rng.multinomial(num_negatives, world.classes.prior, size=len(classes)) > 0
        present[np.arange(len(classes)), classes] = True
        losses = world.subclass_losses(rng, classes, present)
        total += float(losses[~present.all(axis=1)].sum())
    return total / draws
