"""Folds that keep the samples of a group together."""

from __future__ import annotations

import warnings

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from nearfar.checks import check_integer

__all__ = ["checked_groups", "chooser_folds", "group_folds"]

_CHOOSERS = 5


def group_folds(
    groups: Int[Tensor, " samples"],
    labels: Int[Tensor, " samples"] | None = None,
    *,
    folds: int = 5,
    seed: int = 0,
) -> Int[Tensor, " samples"]:
    """The fold of each sample; all samples of a group are in the same fold.

    Args:
        groups: Group of each sample, such as the patient or the speaker; integers.
        labels: Classes of the samples, whose frequencies are kept as equal as groups allow;
            without them only the sizes of the folds are balanced.
        folds: Number of folds, from 2 to the number of groups.
        seed: Random seed of the assignment.

    Raises:
        ValueError: Fewer groups than folds, or lengths that differ.

    Reference:
        ``StratifiedGroupKFold`` and ``GroupKFold`` of scikit-learn.

    Example:
        >>> groups = torch.tensor([3, 3, 5, 5, 8, 8])
        >>> group_folds(groups, folds=3).reshape(3, 2).diff().flatten().tolist()
        [0, 0, 0]
    """
    from sklearn.model_selection import GroupKFold, StratifiedGroupKFold

    check_integer(at_least=2, folds=folds)
    samples = groups.shape[0]
    groups = checked_groups(groups, samples=samples if labels is None else labels.shape[0])
    count = torch.unique(groups).numel()
    if count < folds:
        raise ValueError(f"`groups` must be at least {folds}, one per fold, got {count}")
    chosen = {"n_splits": folds, "shuffle": True, "random_state": seed}
    known = groups.cpu().numpy()
    if labels is None:
        order = np.random.default_rng(seed).permutation(np.unique(known).max() + 1)
        split = GroupKFold(folds).split(known, groups=order[known])
    else:
        split = StratifiedGroupKFold(**chosen).split(known, labels.cpu().numpy(), known)
    found = torch.zeros(samples, dtype=torch.long)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about classes with fewer samples than folds
        for index, (_, test) in enumerate(split):
            found[torch.from_numpy(test)] = index
    return found.to(groups.device)


def checked_groups(groups: Tensor, *, samples: int) -> Tensor:
    """Groups numbered from 0, one per sample."""
    if groups.ndim != 1 or groups.shape[0] != samples:
        raise ValueError(
            f"`groups` must have one group for each of the {samples} samples,"
            f" got shape {tuple(groups.shape)}"
        )
    if groups.is_floating_point():
        raise ValueError(f"`groups` must be integers, got {groups.dtype}")
    numbered: Tensor = torch.unique(groups, return_inverse=True)[1]
    return numbered


def chooser_folds(labels: Tensor | None, groups: Tensor | None, samples: int = 0) -> Tensor | None:
    """Folds by which a probe chooses its settings; None without groups, or with a single one."""
    if groups is None:
        return None
    groups = checked_groups(groups, samples=samples if labels is None else labels.shape[0])
    count = torch.unique(groups).numel()
    if count < 2:
        return None
    return group_folds(groups, labels, folds=min(_CHOOSERS, count))
