"""Paired comparisons of two representations on the same evaluated samples, with intervals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

from nearfar._student_t import student_quantile
from nearfar.checks import check_same_shape
from nearfar.probes._group_folds import checked_groups
from nearfar.probes._value_scores import average_precisions

__all__ = [
    "PairedDifference",
    "paired_accuracy",
    "paired_average_precision",
    "paired_r2",
]

_CONFIDENCE: Final = 0.95
_DRAWS: Final = 1_000
_AT_ONCE: Final = 1 << 22  # weights in memory at a time


@final
@dataclass(frozen=True)
class PairedDifference:
    """The difference of two scores on the same samples, with its 95 % confidence interval.

    The interval covers the choice of the evaluated samples (or groups), not that of the training
    samples or the random seed of an encoder.

    Attributes:
        difference: The first score minus the second.
        low: Lower end of the interval.
        high: Upper end.
        samples: Number of evaluated samples.
    """

    difference: float
    low: float
    high: float
    samples: int

    @property
    def conclusive(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0


def paired_accuracy(
    first: Int[Tensor, " tests"],
    second: Int[Tensor, " tests"],
    labels: Int[Tensor, " tests"],
    *,
    balanced: bool = False,
    groups: Int[Tensor, " tests"] | None = None,
) -> PairedDifference:
    r"""The difference of two accuracies on the same samples.

    With :math:`d_i = 1` where only the first prediction is right, −1 where only the second is,
    and 0 elsewhere, the difference is the mean of :math:`d`, and the interval that of a mean after
    adding one sample won by each (Bonett and Price): it holds for few disagreements as well, where
    the plain interval has no width.

    Args:
        first: Predicted classes of one representation.
        second: Those of the other.
        labels: True classes.
        balanced: Compare balanced accuracies: samples weigh the inverse of their class's size.
        groups: Group of each sample, such as the patient; groups instead of samples are then
            independent.

    Returns:
        Difference and interval.

    Raises:
        ValueError: Lengths that differ, or fewer than 2 samples or groups.

    Range:
        −1 to 1.

    Reference:
        Bonett and Price 2012: Adjusted Wald confidence interval for a difference of binomial
        proportions based on paired data.

    Example:
        >>> labels = torch.zeros(100, dtype=torch.long)
        >>> first = (torch.arange(100) < 5).long()
        >>> found = paired_accuracy(first, (torch.arange(100) < 25).long(), labels)
        >>> round(found.difference, 4), found.conclusive
        (0.2, True)
    """
    check_same_shape(first=first, labels=labels)
    check_same_shape(second=second, labels=labels)
    gains = (first == labels).double() - (second == labels).double()
    _, index, counts = torch.unique(labels, return_inverse=True, return_counts=True)
    weights = torch.ones_like(gains)
    if balanced:
        weights = len(labels) / (len(counts) * counts[index].double())
    return _of_ratio(gains * weights, weights, groups, extra=float(weights.max()))


def paired_r2(
    first: Float[Tensor, " tests"],
    second: Float[Tensor, " tests"],
    targets: Num[Tensor, " tests"],
    *,
    groups: Int[Tensor, " tests"] | None = None,
) -> PairedDifference:
    """The difference of two R² on the same samples, with the interval of a ratio of means.

    Args:
        first: Numbers predicted from one representation.
        second: Those of the other.
        targets: True numbers.
        groups: Group of each sample; groups instead of samples are then independent.

    Returns:
        Difference and interval.

    Raises:
        ValueError: Lengths that differ, targets that are all equal, or fewer than 2 samples or
            groups.

    Example:
        >>> targets = torch.arange(50.0)
        >>> found = paired_r2(targets + 0.1, targets.flip(0), targets)
        >>> round(found.difference, 2), found.conclusive
        (4.0, True)
    """
    check_same_shape(first=first, targets=targets)
    check_same_shape(second=second, targets=targets)
    true = targets.double()
    gains = (second.double() - true).square() - (first.double() - true).square()
    spread = (true - true.mean()).square()
    if not bool(spread.sum() > 0):
        raise ValueError(f"`targets` must not all be equal, got {len(true)} times the same")
    return _of_ratio(gains, spread, groups)


def paired_average_precision(
    first: Float[Tensor, "tests labels"],
    second: Float[Tensor, "tests labels"],
    targets: Num[Tensor, "tests labels"],
    *,
    groups: Int[Tensor, " tests"] | None = None,
    seed: int = 0,
) -> PairedDifference:
    """The difference of two mean average precisions, with a percentile bootstrap interval.

    Samples (or groups) are drawn 1,000 times with replacement, the same ones for both.

    Args:
        first: Scores of the labels from one representation.
        second: Those from the other.
        targets: 1 where a sample has a label, else 0. Labels without a positive sample do not
            count.
        groups: Group of each sample; groups instead of samples are then drawn.
        seed: Random seed of the draws.

    Returns:
        Difference and interval.

    Raises:
        ValueError: Shapes that differ, no positive sample, or fewer than 2 samples or groups.

    Example:
        >>> targets = torch.eye(2)[torch.arange(60) % 2]
        >>> found = paired_average_precision(targets, 1 - targets, targets)
        >>> round(found.difference, 2), found.conclusive
        (0.5, True)
    """
    check_same_shape(first=first, targets=targets)
    check_same_shape(second=second, targets=targets)
    samples = len(targets)
    index, count = _clusters(samples, groups)
    positive = targets.cpu().double()
    counted = positive.sum(dim=0) > 0
    if not bool(counted.any()):
        raise ValueError("`targets` must have a positive sample of at least one label, got none")
    positive = positive[:, counted]
    one, other = (scores.cpu()[:, counted] for scores in (first, second))

    def differences(weights: Tensor) -> Tensor:
        gained = average_precisions(one, positive, weights)
        # a label without a positive sample in a draw does not count in it
        return (gained - average_precisions(other, positive, weights)).nanmean(dim=1)

    generator = torch.Generator().manual_seed(seed)
    drawn = []
    step = max(1, _AT_ONCE // max(samples, count))
    for begin in range(0, _DRAWS, step):
        rows = min(step, _DRAWS - begin)
        picked = torch.randint(count, (rows, count), generator=generator)
        times = torch.zeros(rows, count, dtype=torch.float64)
        times.scatter_add_(1, picked, torch.ones_like(picked, dtype=torch.float64))
        drawn.append(differences(times[:, index]))
    tail = (1 - _CONFIDENCE) / 2
    ends = torch.cat(drawn).quantile(torch.tensor([tail, 1 - tail], dtype=torch.float64))
    found = float(differences(positive.new_ones(1, samples)))
    return PairedDifference(found, float(ends[0]), float(ends[1]), samples)


def _clusters(samples: int, groups: Tensor | None) -> tuple[Tensor, int]:
    """The independent unit of each sample, and the number of units."""
    index = torch.arange(samples)
    if groups is not None:
        index = checked_groups(groups, samples=samples).cpu()
    count = int(index.max()) + 1 if samples else 0
    if count < 2:
        what = "groups" if groups is not None else "labels"
        raise ValueError(f"`{what}` must be of at least 2 independent units, got {count}")
    return index, count


def _of_ratio(
    gains: Tensor, weights: Tensor, groups: Tensor | None, *, extra: float = 0.0
) -> PairedDifference:
    """The ratio of two sums over independent units, with its linearised interval.

    Args:
        gains: Numerator of each sample.
        weights: Denominator of each sample.
        groups: Group of each sample.
        extra: Weight of two samples that are added, one won by each side, for the interval alone.
    """
    samples = len(gains)
    index, count = _clusters(samples, groups)
    total = torch.zeros(count, dtype=torch.float64)
    gained = total.index_add(0, index, gains.cpu().double())
    weighed = total.index_add(0, index, weights.cpu().double())
    found = float(gained.sum() / weighed.sum())
    if extra:  # a unit of the usual size, won by one side as a whole
        size = extra * samples / count
        gained = torch.cat([gained, torch.tensor([size, -size], dtype=torch.float64)])
        weighed = torch.cat([weighed, torch.full((2,), size, dtype=torch.float64)])
    middle = float(gained.sum() / weighed.sum())
    rest = gained - middle * weighed
    units = len(rest)
    error = math.sqrt(float(rest.square().sum()) * units / (units - 1)) / float(weighed.sum())
    half = student_quantile(units - 1) * error
    return PairedDifference(found, min(found, middle - half), max(found, middle + half), samples)
