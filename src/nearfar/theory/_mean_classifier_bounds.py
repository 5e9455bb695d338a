"""What the two lower bounds of the contrastive loss share, and the upper bounds they imply."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from nearfar.records import Record
from nearfar.theory._labeled_views import LabeledViews

__all__ = ["ContrastiveLowerBound", "SupervisedBound", "subclass_losses", "supervised_bound"]

Draw = Callable[[np.random.Generator, int], tuple[NDArray[np.int64], NDArray[np.bool_]]]


@dataclass(frozen=True)
class ContrastiveLowerBound(Record):
    r"""Terms common to both lower bounds of the contrastive loss.

    Attributes:
        info_nce: The contrastive loss :math:`L_{\mathrm{Info}}` with K negatives.
        standard_error: Standard error of `info_nce`, a mean over random draws.
        supervised: :math:`L_{\sup}`, the mean classifier's loss over all classes.
        supervised_part: Contribution of draws that cover all classes.
        subclass_part: Contribution of draws that do not.
        collisions: :math:`\mathbb E \ln(\mathrm{Col} + 1)`.
        gap: :math:`d(f) \le 0`.
        bound: The lower bound of `info_nce`.
        classes: C.
    """

    info_nce: float
    standard_error: float
    supervised: float
    supervised_part: float
    subclass_part: float
    collisions: float
    gap: float
    bound: float
    classes: int


@dataclass(frozen=True)
class SupervisedBound(Record):
    """An upper bound on the mean classifier's loss, from contrastive quantities.

    Attributes:
        supervised: The bounded loss, cross-entropy of the mean classifier over all classes.
        bound: The bound; infinity on overflow.
        log_bound: Its logarithm, finite unless the bound is infinite.
        collapsed: ln C, the loss of a collapsed encoder.
    """

    supervised: float
    bound: float
    log_bound: float
    collapsed: float

    @property
    def vacuous(self) -> bool:
        """Whether a collapsed encoder satisfies the bound."""
        return self.bound >= self.collapsed


def supervised_bound(
    terms: ContrastiveLowerBound, *, rest: float, log_weight: float
) -> SupervisedBound:
    """The upper bound implied by ``weight · supervised ≤ rest``."""
    log_bound = math.log(rest) - log_weight if rest > 0 else -math.inf
    bound = math.exp(log_bound) if log_bound < 709 else math.inf
    return SupervisedBound(terms.supervised, bound, log_bound, math.log(terms.classes))


def subclass_losses(
    population: LabeledViews, draw: Draw, *, draws: int, seed: int, block: int
) -> tuple[float, float]:
    """Mean subclass loss over draws; the same with 0 for draws that cover all classes.

    Args:
        population: The labelled views.
        draw: Returns that many anchor classes, and for each which classes are present.
        draws: Number of draws.
        seed: Random seed.
        block: Draws at a time.
    """
    rng = np.random.default_rng((seed, 1))
    total = incomplete = 0.0
    for start in range(0, draws, block):
        classes, present = draw(rng, min(block, draws - start))
        present[np.arange(len(classes)), classes] = True
        losses = population.subclass_losses(rng, classes, present)
        total += float(losses.sum())
        incomplete += float(losses[~present.all(axis=1)].sum())
    return total / draws, incomplete / draws
