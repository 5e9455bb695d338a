"""Subsets of the labels: the same number of samples of each class."""

from __future__ import annotations

import torch
from jaxtyping import Int, Num
from torch import Tensor

from nearfar.checks import check_fraction

__all__ = ["share_of_labels"]


def share_of_labels(
    labels: Num[Tensor, "samples ..."], share: float, *, seed: int = 0
) -> Int[Tensor, " chosen"]:
    """The rows of a share of the labels, balanced over the classes.

    Args:
        labels: Classes; numbers with a fraction, for which rows are drawn at random; or samples ×
            labels with 0 and 1, for which each label in turn receives a positive sample.
        share: Share of the labels, above 0 and at most 1.
        seed: Random seed.

    Returns:
        Rows in ascending order: of classes, `share` of all rows as equally among the classes as
        their sizes allow, at least one of each. Otherwise `share` of the rows, at least two.

    Raises:
        ValueError: A share that is not above 0 and at most 1.

    Example:
        >>> labels = torch.tensor([0] * 90 + [1] * 10)
        >>> labels[share_of_labels(labels, 0.1)].bincount()
        tensor([5, 5])
    """
    check_fraction(share=share)
    if share == 0:
        raise ValueError("`share` must be above 0, got 0")
    samples = labels.shape[0]
    order = torch.randperm(samples, generator=torch.Generator().manual_seed(seed))
    shuffled = labels.cpu()[order]
    wanted = max(2, round(share * samples))
    if labels.ndim == 2:
        queues = [shuffled[:, column].nonzero().flatten() for column in range(labels.shape[1])]
    elif labels.is_floating_point():
        return order[:wanted].sort().values
    else:
        queues = [(shuffled == c).nonzero().flatten() for c in torch.unique(shuffled)]
        wanted = max(wanted, len(queues))
    taken = torch.zeros(samples, dtype=torch.bool)
    depth = max((len(queue) for queue in queues), default=0)
    for place in range(depth):  # round robin over the classes, each in its shuffled order
        for queue in queues:
            if place < len(queue) and int(taken.sum()) < wanted:
                taken[queue[place]] = True
        if int(taken.sum()) >= wanted:
            break
    others = (~taken).nonzero().flatten()[: max(0, wanted - int(taken.sum()))]
    taken[others] = True
    return order[taken].sort().values
