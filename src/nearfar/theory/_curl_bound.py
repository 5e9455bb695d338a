"""The lower bound of the contrastive loss after Arora et al.: draws with and without collision."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from numpy.typing import NDArray
from torch import Tensor

from nearfar.theory._collisions import (
    collision_probability,
    expected_log_collisions,
    log_no_collision,
)
from nearfar.theory._labeled_views import LabeledViews
from nearfar.theory._mean_classifier_bounds import (
    ContrastiveLowerBound,
    SupervisedBound,
    subclass_losses,
    supervised_bound,
)
from nearfar.theory._occupancy import log_all_appear
from nearfar.theory._prior import Prior

__all__ = ["CURLBound", "curl_lower_bound", "curl_supervised_bound"]

_ENTRIES = 2**20  # entries of a block of draws × classes


@dataclass(frozen=True)
class CURLBound(ContrastiveLowerBound):
    r"""The terms of :func:`curl_lower_bound`, with :class:`ContrastiveLowerBound`'s.

    Of draws without collision, those that cover all classes contribute `supervised_part` and the
    others `subclass_part`, together :math:`(1 - \tau_K)` times `subclass`; `bound` is the sum of
    both parts, `collisions` and `gap`.

    Attributes:
        collision_probability: :math:`\tau_K`.
        log_no_collision: :math:`\ln(1 - \tau_K)`, finite where :math:`\tau_K` rounds to 1.
        log_separated: Log probability that no negative collides and all classes appear, given an
            anchor of the most frequent class.
        subclass: :math:`\mathbb E[L_{\mathrm{sub}} \mid \mathrm{Col} = 0]`.
    """

    collision_probability: float
    log_no_collision: float
    log_separated: float
    subclass: float


@torch.no_grad()
def curl_lower_bound(
    embeddings: Float[Tensor, "views samples dim"],
    labels: Int[Tensor, " samples"],
    *,
    num_negatives: int,
    temperature: float,
    prior: Prior | None = None,
    draws: int = 4096,
    seed: int = 0,
) -> CURLBound:
    r"""Arora et al.'s lower bound, for the InfoNCE loss with views as positives.

    .. math:: L_{\mathrm{Info}}(f) \;\ge\;
              (1 - \tau_K)\, \mathbb E[L_{\mathrm{sub}} \mid \mathrm{Col} = 0]
              + \tau_K\, \mathbb E[\ln(\mathrm{Col} + 1) \mid \mathrm{Col} \ne 0] + d(f)

    The terms are those of :func:`coupon_lower_bound`; :math:`L_{\mathrm{sub}}` is conditional on no
    collision, and equals :math:`L_{\sup}` where all classes are present.

    *Proof*: as for :func:`coupon_lower_bound` up to its last step: instead of averaging the two
    lower bounds, take the first for draws without collision and the second for the others.

    Assumptions:
        Those of :func:`coupon_lower_bound`.

    Args:
        embeddings: Two views or more of each sample; rows need not be normalised.
        labels: The class of each sample, 0 or more.
        num_negatives: K, 1 or more.
        temperature: t, above 0.
        prior: A number of classes, or the probability of each; class frequencies if not given.
        draws: Number of anchors drawn for the contrastive loss and for the subclass loss (the
            latter conditional on no collision); all other terms are exact.
        seed: Random seed of the draws.

    Raises:
        ValueError: A single view, fewer classes than labels, a class without samples, a
            non-positive temperature, no negatives, NaN or infinity.

    Vacuous:
        With many negatives it is often numerically the tighter of the two, but only because of the
        collision term: the supervised loss has the weight :math:`1 - \tau_K`, which decreases
        exponentially in K.

    Cost:
        Time grows with draws × (K + C); memory is that of the embeddings and fixed blocks.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866), after Arora et al. 2019 (arXiv 1902.09229).

    Example:
        >>> centers = torch.eye(4).repeat(25, 1)
        >>> noise = torch.randn(2, 100, 4, generator=torch.Generator().manual_seed(0))
        >>> terms = curl_lower_bound(
        ...     centers + 0.1 * noise, torch.arange(4).repeat(25), num_negatives=31, temperature=0.5
        ... )
        >>> print(f"{terms.collision_probability:.4f} {terms.collisions:.2f}")
        0.9999 2.13
        >>> print(f"{terms.bound:.1f} <= {terms.info_nce:.1f}")
        2.1 <= 2.5
    """
    population = LabeledViews(embeddings, labels, prior=prior, temperature=temperature)
    info_nce, error = population.info_nce(num_negatives=num_negatives, draws=draws, seed=seed)
    rho = population.classes.prior

    def draw(rng: np.random.Generator, count: int) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        classes = population.classes.draw_without_collision(rng, num_negatives, count)
        others = np.tile(rho, (count, 1))
        others[np.arange(count), classes] = 0
        others /= others.sum(axis=1, keepdims=True)
        return classes, rng.multinomial(num_negatives, others) > 0

    subclass, incomplete = subclass_losses(
        population, draw, draws=draws, seed=seed, block=max(1, _ENTRIES // len(rho))
    )
    log_clear = log_no_collision(num_negatives, rho)
    clear = math.exp(log_clear)
    collisions = expected_log_collisions(num_negatives, rho)
    gap = population.gap()
    return CURLBound(
        info_nce=info_nce,
        standard_error=error,
        collision_probability=collision_probability(num_negatives, rho),
        log_no_collision=log_clear,
        log_separated=_log_separated(num_negatives, rho),
        supervised=float(rho @ population.supervised_losses()),
        subclass=subclass,
        supervised_part=clear * (subclass - incomplete),
        subclass_part=clear * incomplete,
        collisions=collisions,
        gap=gap,
        bound=clear * subclass + collisions + gap,
        classes=len(rho),
    )


def curl_supervised_bound(terms: CURLBound) -> SupervisedBound:
    r"""Upper bound on the supervised loss implied by :func:`curl_lower_bound`.

    .. math:: L_{\sup}(f) \;\le\; \frac{L_{\mathrm{Info}}(f)
              - \mathbb E[L_{\mathrm{sub}};\, \mathrm{Col} = 0, \text{not all}]
              - \mathbb E \ln(\mathrm{Col} + 1) - d(f)}
              {\min_c P(\mathrm{Col} = 0, \text{all classes} \mid c)}

    The denominator is at most :math:`1 - \tau_K`; with equal classes it is
    :math:`(1 - 1/C)^K` times the probability that K draws cover the C − 1 other classes.

    Assumptions:
        Those of :func:`coupon_lower_bound`.

    Args:
        terms: The result of that function.

    Returns:
        The bound and the loss it bounds; on overflow, the bound's logarithm is still finite.

    Vacuous:
        Almost always. Few negatives do not cover all classes, many collide: for 10 equal classes
        the denominator is never above 0.05. The bound grows as :math:`(1 - 1/C)^{-K}`, from which
        Arora et al. concluded that more negatives hurt. Practice disagrees, and
        :func:`coupon_supervised_bound` shows that this is an artefact of the bound.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866), Figure 1.

    Example:
        >>> centers = torch.eye(4).repeat(25, 1)
        >>> labels = torch.arange(4).repeat(25)
        >>> views = torch.stack([centers, centers])
        >>> for num_negatives in (8, 64):
        ...     terms = curl_lower_bound(
        ...         views, labels, num_negatives=num_negatives, temperature=0.5
        ...     )
        ...     upper = curl_supervised_bound(terms)
        ...     print(f"{upper.supervised:.2f} <= {upper.bound:.1e}")
        0.34 <= 3.3e+00
        0.34 <= 3.4e+07
    """
    rest = terms.info_nce - terms.gap - terms.subclass_part - terms.collisions
    return supervised_bound(terms, rest=rest, log_weight=terms.log_separated)


def _log_separated(num_negatives: int, prior: NDArray[np.float64]) -> float:
    """The minimum over anchor classes, attained by the most frequent: it leaves the rarest ones."""
    rising = np.sort(prior)
    values, counts = np.unique(rising[:-1] / (1 - rising[-1]), return_counts=True)
    log_none = num_negatives * math.log1p(-rising[-1])
    return log_none + log_all_appear(num_negatives, values, counts.astype(np.float64))
