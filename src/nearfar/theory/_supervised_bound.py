"""What a bound says of the supervised loss, beside the loss itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

from nearfar.records import Record

__all__ = ["SupervisedBound", "solve"]


@dataclass(frozen=True)
class SupervisedBound(Record):
    """An upper bound on the mean classifier's loss, known from contrastive quantities.

    Attributes:
        supervised: The loss bounded, cross entropy of the mean classifier over all classes.
        bound: The bound; infinity where it is beyond floating point.
        log_bound: Its logarithm, finite unless nothing is said at all.
        collapsed: ln C, the loss when all embeddings are one.
    """

    supervised: float
    bound: float
    log_bound: float
    collapsed: float

    @property
    def vacuous(self) -> bool:
        """Whether the bound admits an encoder that has collapsed."""
        return self.bound >= self.collapsed


def solve(rest: float, log_weight: float, *, supervised: float, classes: int) -> SupervisedBound:
    """The bound from ``weight · supervised ≤ rest``."""
    log_bound = math.log(rest) - log_weight if rest > 0 else -math.inf
    bound = math.exp(log_bound) if log_bound < 709 else math.inf
    return SupervisedBound(supervised, bound, log_bound, math.log(classes))
