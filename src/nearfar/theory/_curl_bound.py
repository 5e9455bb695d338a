"""The lower bound of the contrastive loss by which collisions are set apart."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.records import Record
from nearfar.theory._collisions import (
    collision_probability,
    expected_log_collisions,
    log_no_collision,
)
from nearfar.theory._labelled_views import LabelledViews
from nearfar.theory._occupancy import log_all_appear
from nearfar.theory._prior import Prior
from nearfar.theory._supervised_bound import SupervisedBound, solve

__all__ = ["CURLBound", "curl_lower_bound", "curl_supervised_bound"]

_ENTRIES = 2**20  # of a block of draws × classes


@dataclass(frozen=True)
class CURLBound(Record):
    r"""The terms of :func:`curl_lower_bound`.

    Attributes:
        info_nce: The contrastive loss :math:`L_{\mathrm{Info}}` of K negatives.
        standard_error: Of `info_nce`, which is a mean over random draws.
        collision_probability: :math:`\tau_K`.
        log_no_collision: :math:`\ln(1 - \tau_K)`, finite where :math:`\tau_K` rounds to 1.
        log_separated: The logarithm of the probability that no negative collides and yet all
            classes appear, given an anchor of the most frequent class.
        supervised: :math:`L_{\sup}`, the mean classifier's loss among all classes.
        subclass: :math:`\mathbb E[L_{\mathrm{sub}} \mid \mathrm{Col} = 0]`.
        supervised_part: What draws without collision that show all classes contribute.
        subclass_part: What draws without collision that do not show all classes contribute; both
            parts add up to :math:`(1 - \tau_K)` times `subclass`.
        collisions: :math:`\mathbb E \ln(\mathrm{Col} + 1)
            = \tau_K\, \mathbb E[\ln(\mathrm{Col} + 1) \mid \mathrm{Col} \ne 0]`.
        gap: :math:`d(f) \le 0`.
        bound: `supervised_part` + `subclass_part` + `collisions` + `gap`.
        classes: C.
    """

    info_nce: float
    standard_error: float
    collision_probability: float
    log_no_collision: float
    log_separated: float
    supervised: float
    subclass: float
    supervised_part: float
    subclass_part: float
    collisions: float
    gap: float
    bound: float
    classes: int


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
    r"""The bound in the manner of Arora et al., for the loss and the positives in use today.

    .. math:: L_{\mathrm{Info}}(f) \;\ge\;
              (1 - \tau_K)\, \mathbb E[L_{\mathrm{sub}} \mid \mathrm{Col} = 0]
              + \tau_K\, \mathbb E[\ln(\mathrm{Col} + 1) \mid \mathrm{Col} \ne 0] + d(f)

    The terms are those of :func:`coupon_lower_bound`; :math:`L_{\mathrm{sub}}` is conditional on no
    collision, and equals :math:`L_{\sup}` where all classes are present.

    *Proof*: as for :func:`coupon_lower_bound`, up to its last step: instead of averaging both lower
    bounds of the classes' loss, take the first where nothing collides and the second elsewhere.

    Assumptions:
        Those of :func:`coupon_lower_bound`.

    Args:
        embeddings: Two views or more of each sample; rows need not be normalised.
        labels: The class of each sample, 0 or more.
        num_negatives: K, 1 or more.
        temperature: t, above 0.
        prior: A number of classes, or the probability of each; the labels' shares if not given.
        draws: Anchors drawn for the contrastive loss and for the subclass loss (among draws without
            collision, however rare these are); all other terms are exact.
        seed: Of the draws.

    Raises:
        ValueError: One view, fewer classes than labels, a class without samples, a temperature of 0
            or below, no negatives, NaN or infinity.

    Vacuous:
        With many negatives it is often the tighter of the two in number, and yet speaks of
        collisions alone: the supervised loss has the weight :math:`1 - \tau_K`, which falls
        exponentially in K.

    Cost:
        Time grows with draws × (K + C); memory is that of the embeddings and fixed blocks.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866), after Arora et al. 2019 (arXiv 1902.09229).

    Example:
        >>> centres = torch.eye(4).repeat(25, 1)
        >>> noise = torch.randn(2, 100, 4, generator=torch.Generator().manual_seed(0))
        >>> terms = curl_lower_bound(
        ...     centres + 0.1 * noise, torch.arange(4).repeat(25), num_negatives=31, temperature=0.5
        ... )
        >>> print(f"{terms.collision_probability:.4f} {terms.collisions:.2f}")
        0.9999 2.13
        >>> print(f"{terms.bound:.1f} <= {terms.info_nce:.1f}")
        2.1 <= 2.5
    """
    world = LabelledViews(embeddings, labels, prior=prior, temperature=temperature)
    info_nce, error = world.info_nce(num_negatives=num_negatives, draws=draws, seed=seed)
    log_clear = log_no_collision(num_negatives, world.classes.prior)
    whole, incomplete = _subclass(world, num_negatives, draws, seed)
    clear = math.exp(log_clear)
    collisions = expected_log_collisions(num_negatives, world.classes.prior)
    gap = world.gap()
    return CURLBound(
        info_nce=info_nce,
        standard_error=error,
        collision_probability=collision_probability(num_negatives, world.classes.prior),
        log_no_collision=log_clear,
        log_separated=_log_separated(num_negatives, world),
        supervised=float(world.classes.prior @ world.supervised_losses()),
        subclass=whole,
        supervised_part=clear * (whole - incomplete),
        subclass_part=clear * incomplete,
        collisions=collisions,
        gap=gap,
        bound=clear * whole + collisions + gap,
        classes=len(world.classes.prior),
    )


def curl_supervised_bound(terms: CURLBound) -> SupervisedBound:
    r"""What the contrastive loss says of the supervised loss, by :func:`curl_lower_bound`.

    .. math:: L_{\sup}(f) \;\le\; \frac{L_{\mathrm{Info}}(f)
              - \mathbb E[L_{\mathrm{sub}};\, \mathrm{Col} = 0, \text{not all}]
              - \mathbb E \ln(\mathrm{Col} + 1) - d(f)}
              {\min_c P(\mathrm{Col} = 0, \text{all classes} \mid c)}

    The denominator is at most :math:`1 - \tau_K`; with equal classes it is
    :math:`(1 - 1/C)^K` times the probability that K draws show all of the C − 1 other classes.

    Assumptions:
        Those of :func:`coupon_lower_bound`.

    Args:
        terms: What that function returns.

    Returns:
        The bound beside the loss it bounds; beyond floating point, its logarithm remains.

    Vacuous:
        Almost always. Few negatives do not show all classes, many collide: for 10 equal classes the
        denominator is never above 0.05. It grows as :math:`(1 - 1/C)^{-K}`, from which
        Arora et al. concluded that more negatives hurt; practice says otherwise, and
        :func:`coupon_supervised_bound` shows that it was the bound.

    Reference:
        Nozawa & Sato 2021 (arXiv 2102.06866), Figure 1.

    Example:
        >>> centres = torch.eye(4).repeat(25, 1)
        >>> labels = torch.arange(4).repeat(25)
        >>> views = torch.stack([centres, centres])
        >>> for num_negatives in (8, 64):
        ...     terms = curl_lower_bound(
        ...         views, labels, num_negatives=num_negatives, temperature=0.5
        ...     )
        ...     said = curl_supervised_bound(terms)
        ...     print(f"{said.supervised:.2f} <= {said.bound:.1e}")
        0.34 <= 3.3e+00
        0.34 <= 3.4e+07
    """
    rest = terms.info_nce - terms.gap - terms.subclass_part - terms.collisions
    return solve(rest, terms.log_separated, supervised=terms.supervised, classes=terms.classes)


def _log_separated(num_negatives: int, world: LabelledViews) -> float:
    """Least for the most frequent class: swapping it with another leaves it the more to miss."""
    rising = np.sort(world.classes.prior)
    values, counts = np.unique(rising[:-1] / (1 - rising[-1]), return_counts=True)
    log_none = num_negatives * math.log1p(-rising[-1])
    return log_none + log_all_appear(num_negatives, values, counts.astype(np.float64))


def _subclass(
    world: LabelledViews, num_negatives: int, draws: int, seed: int
) -> tuple[float, float]:
    """Mean subclass loss given no collision; the same with 0 where all classes are present."""
    rng = np.random.default_rng((seed, 1))
    whole = incomplete = 0.0
    block = max(1, _ENTRIES // len(world.classes.prior))
    for start in range(0, draws, block):
        classes = world.classes.draw_without_collision(
            rng, num_negatives, min(block, draws - start)
        )
        anchors = np.arange(len(classes)), classes
        others = np.tile(world.classes.prior, (len(classes), 1))
        others[anchors] = 0
        others /= others.sum(axis=1, keepdims=True)
        present = rng.multinomial(num_negatives, others) > 0
        present[anchors] = True
        losses = world.subclass_losses(rng, classes, present)
        whole += float(losses.sum())
        incomplete += float(losses[~present.all(axis=1)].sum())
    return whole / draws, incomplete / draws
