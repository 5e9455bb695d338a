"""Nozawa and Sato's lower bound of the contrastive loss, by coverage of all classes."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from nearfar.theory._collisions import expected_log_collisions
from nearfar.theory._coupon_collector import log_coupon_collector_probability
from nearfar.theory._labeled_views import LabeledViews
from nearfar.theory._mean_classifier_bounds import (
    ContrastiveLowerBound,
    SupervisedBound,
    subclass_losses,
    supervised_bound,
)
from nearfar.theory._occupancy import log_others_appear
from nearfar.theory._prior import Prior

__all__ = ["CouponBound", "coupon_lower_bound", "coupon_supervised_bound"]

_ENTRIES = 2**21  # entries of a block of draws × classes


@dataclass(frozen=True)
class CouponBound(ContrastiveLowerBound):
    r"""The terms of :func:`coupon_lower_bound`, with :class:`ContrastiveLowerBound`'s.

    `supervised_part` is :math:`\upsilon\, \mathbb E[L_{\sup} \mid \text{all}]`, `subclass_part`
    :math:`(1 - \upsilon)\, \mathbb E[L_{\mathrm{sub}} \mid \text{not all}]`, and `bound`
    ½ (`supervised_part` + `subclass_part` + `collisions`) + `gap`.

    Attributes:
        coverage: :math:`\upsilon_{K+1}`, the probability that all classes appear.
        log_least_coverage: Its logarithm given an anchor of the most frequent class;
            :math:`\ln \upsilon_{K+1}` for equal classes.
    """

    coverage: float
    log_least_coverage: float


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
    r"""Nozawa and Sato's lower bound of the contrastive loss, with all its terms.

    .. math:: L_{\mathrm{Info}}(f) \;\ge\; \tfrac12 \Big\{
              \upsilon_{K+1}\, \mathbb E[L_{\sup} \mid \text{all}]
              + (1 - \upsilon_{K+1})\, \mathbb E[L_{\mathrm{sub}} \mid \text{not all}]
              + \mathbb E \ln(\mathrm{Col} + 1) \Big\} + d(f)

    with the mean classifier's loss over all classes (sup) or over the classes in a draw (sub), the
    number Col of negatives of the anchor's class, and the gap

    .. math:: d(f) = \tfrac1t\, \mathbb E \min\{0,\; z \cdot (\mu_c - \bar f(x))\} \le 0

    where :math:`\mu_c` is the mean of a class's unit vectors (not renormalised) and
    :math:`\bar f(x)` that of the other views of the anchor's sample.

    *Proof*: the loss is convex in the similarities, so replacing the positive by its mean over
    views and each negative by its class mean can only lower it (Jensen). Replacing the positive's
    mean by its class mean costs at most −d(f), as the slope in that similarity is between −1 and 0.
    The result is at least the mean classifier's loss over the classes present, since repeated
    classes only add candidates, and at least ln(Col + 1), since colliding negatives then score as
    the positive does. Average the two.

    Assumptions:
        Anchors and negatives are drawn independently: a class from `prior`, then a sample of it.
        The given samples are the population: the inequality holds exactly for them, up to
        `standard_error`, and makes no statement about unseen samples.

    Args:
        embeddings: Two views or more of each sample; rows need not be normalised.
        labels: The class of each sample, 0 or more.
        num_negatives: K, 1 or more.
        temperature: t, above 0.
        prior: A number of classes, or the probability of each; class frequencies if not given.
        draws: Number of anchors drawn for the contrastive loss and for the subclass loss; all
            other terms are exact.
        seed: Random seed of the draws.

    Raises:
        ValueError: A single view, fewer classes than labels, a class without samples, a
            non-positive temperature, no negatives, NaN or infinity.

    Vacuous:
        While K + 1 is well below C ln C, `coverage` is about 0: the bound then involves only the
        classes within a draw, not all of them. Where the gap dominates (noisy views, low
        temperature) it is negative.

    Cost:
        Time grows with draws × (K + C); memory is that of the embeddings and fixed blocks.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866).

    Example:
        >>> centers = torch.eye(4).repeat(25, 1)
        >>> noise = torch.randn(2, 100, 4, generator=torch.Generator().manual_seed(0))
        >>> terms = coupon_lower_bound(
        ...     centers + 0.1 * noise, torch.arange(4).repeat(25), num_negatives=31, temperature=0.5
        ... )
        >>> print(f"{terms.coverage:.4f} {terms.supervised:.2f} {terms.collisions:.2f}")
        0.9996 0.38 2.13
        >>> print(f"{terms.bound:.1f} <= {terms.info_nce:.1f}")
        1.2 <= 2.5
    """
    population = LabeledViews(embeddings, labels, prior=prior, temperature=temperature)
    info_nce, error = population.info_nce(num_negatives=num_negatives, draws=draws, seed=seed)
    rho = population.classes.prior

    def draw(rng: np.random.Generator, count: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        classes = population.classes.draw(rng, count)
        return classes, rng.multinomial(num_negatives, rho, size=count) > 0

    _, subclass_part = subclass_losses(
        population, draw, draws=draws, seed=seed, block=max(1, _ENTRIES // len(rho))
    )
    supervised = population.supervised_losses()
    covered = _coverage_by_class(num_negatives, rho)
    supervised_part = float(rho * np.exp(covered) @ supervised)
    collisions = expected_log_collisions(num_negatives, rho)
    gap = population.gap()
    return CouponBound(
        info_nce=info_nce,
        standard_error=error,
        coverage=math.exp(log_coupon_collector_probability(num_negatives + 1, rho)),
        log_least_coverage=float(covered.min()),
        supervised=float(rho @ supervised),
        supervised_part=supervised_part,
        subclass_part=subclass_part,
        collisions=collisions,
        gap=gap,
        bound=(supervised_part + subclass_part + collisions) / 2 + gap,
        classes=len(rho),
    )


def coupon_supervised_bound(terms: CouponBound) -> SupervisedBound:
    r"""Upper bound on the supervised loss implied by :func:`coupon_lower_bound`.

    .. math:: L_{\sup}(f) \;\le\; \frac{2 L_{\mathrm{Info}}(f)
              - (1 - \upsilon_{K+1})\, \mathbb E[L_{\mathrm{sub}} \mid \text{not all}]
              - \mathbb E \ln(\mathrm{Col} + 1) - 2 d(f)}{\min_c \upsilon_{K+1 \mid c}}

    The denominator is the probability that all classes appear, given an anchor of class c: for
    equal classes :math:`\upsilon_{K+1}`, otherwise smallest for the most frequent class.

    Assumptions:
        Those of :func:`coupon_lower_bound`.

    Args:
        terms: The result of that function.

    Returns:
        The bound and the loss it bounds.

    Vacuous:
        Above ln C, the loss of a collapsed encoder. For small K it is far above, growing as 1/υ.
        It does not grow with K as the bound of Arora et al. does, since υ tends to 1 and the
        collision term grows with the contrastive loss. Yet even for a perfect encoder it is at
        least the collision term, which exceeds ln C once K is near C²: informative is how it
        depends on K, not its value. In the paper it is 6 to 8 on CIFAR-10, where the loss is 1.8
        and a collapsed encoder has 2.3.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866), Figure 1.

    Example:
        >>> centers = torch.eye(4).repeat(25, 1)
        >>> labels = torch.arange(4).repeat(25)
        >>> views = torch.stack([centers, centers])
        >>> for num_negatives in (8, 64):
        ...     terms = coupon_lower_bound(
        ...         views, labels, num_negatives=num_negatives, temperature=0.5
        ...     )
        ...     upper = coupon_supervised_bound(terms)
        ...     print(f"{upper.supervised:.2f} <= {upper.bound:.1f}")
        0.34 <= 2.1
        0.34 <= 3.5
    """
    rest = 2 * (terms.info_nce - terms.gap) - terms.subclass_part - terms.collisions
    return supervised_bound(terms, rest=rest, log_weight=terms.log_least_coverage)


def _coverage_by_class(num_negatives: int, prior: NDArray[np.float64]) -> NDArray[np.float64]:
    """Log probability that all classes appear, given the anchor's class."""
    values, places, counts = np.unique(prior, return_inverse=True, return_counts=True)
    return log_others_appear(num_negatives, values, counts.astype(np.float64))[places]
