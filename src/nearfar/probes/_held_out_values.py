"""Cross-validation of probes of numbers and of several labels per sample."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int, Num
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.probes._folds import stratified_folds
from nearfar.probes._group_folds import group_folds
from nearfar.probes._labeled_embeddings import checked_embeddings
from nearfar.probes._value_probe import MultiLabelProbe, RegressionProbe

__all__ = ["held_out_values", "value_folds"]


def held_out_values(
    probe: RegressionProbe | MultiLabelProbe,
    embeddings: Float[Tensor, "samples dim"],
    targets: Num[Tensor, "samples ..."],
    *,
    folds: int = 5,
    seed: int = 0,
    groups: Int[Tensor, " samples"] | None = None,
) -> Float[Tensor, "samples ..."]:
    """The predicted number, or scores of labels, of each sample while held out.

    Args:
        probe: Fitted once per fold, on the other folds.
        embeddings: Rows to fit and predict.
        targets: Their numbers, or samples × labels with 0 and 1.
        folds: Number of folds, 2 or more.
        seed: Random seed of the assignment to folds.
        groups: Group of each row, such as the patient; a group is never split between folds.

    Returns:
        Predictions in the order of the rows.

    Raises:
        ValueError: Fewer rows or groups than folds, or anything that `fit` refuses.

    Example:
        >>> from nearfar.probes import RidgeProbe
        >>> x = torch.arange(10.0).unsqueeze(1)
        >>> found = held_out_values(RidgeProbe(), x, x[:, 0])
        >>> bool((found - x[:, 0]).abs().max() < 0.01)
        True
    """
    check_integer(at_least=2, folds=folds)
    embeddings = checked_embeddings(embeddings)
    samples = embeddings.shape[0]
    if samples < folds:
        raise ValueError(f"`folds` must be at most the number of samples, {samples}, got {folds}")
    fold = value_folds(targets, folds=folds, seed=seed, groups=groups).to(embeddings.device)
    predicted = torch.empty(targets.shape, dtype=embeddings.dtype, device=embeddings.device)
    for index in range(folds):
        test = fold == index
        kept = None if groups is None else groups[~test]
        fitted = probe.fit(embeddings[~test], targets[~test], groups=kept)
        predicted[test] = fitted.predict(embeddings[test]).to(predicted)
    return predicted


def value_folds(
    targets: Tensor, *, folds: int, seed: int, groups: Tensor | None = None
) -> Int[Tensor, " samples"]:
    """The fold of each sample: of groups, by combination of labels, or random for numbers."""
    kinds = torch.zeros(len(targets), dtype=torch.long)
    if targets.ndim == 2:
        kinds = torch.unique(targets.cpu(), dim=0, return_inverse=True)[1]
    if groups is not None:
        return group_folds(groups.cpu(), None, folds=folds, seed=seed)
    return stratified_folds(kinds, folds=folds, seed=seed)
