"""Stratified cross-validation of a probe."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.probes._group_folds import group_folds
from nearfar.probes._labeled_embeddings import checked_embeddings, checked_labels
from nearfar.probes._probe import Probe

__all__ = ["cross_validated", "held_out_predictions", "stratified_folds"]


def stratified_folds(
    labels: Int[Tensor, " samples"], *, folds: int, seed: int
) -> Int[Tensor, " samples"]:
    """The fold of each sample: stratified, with sizes that differ by at most one.

    Args:
        labels: Classes of the samples.
        folds: Number of folds, 2 or more.
        seed: Random seed of the shuffle within classes.

    Example:
        >>> stratified_folds(torch.tensor([0, 0, 1, 1, 1, 1]), folds=2, seed=0).bincount()
        tensor([3, 3])
    """
    check_integer(at_least=2, folds=folds)
    shuffled = torch.randperm(labels.shape[0], generator=torch.Generator().manual_seed(seed))
    by_class = shuffled[labels.cpu()[shuffled].argsort(stable=True)]
    fold = torch.empty_like(by_class)
    fold[by_class] = torch.arange(labels.shape[0]) % folds  # round robin, class by class
    return fold.to(labels.device)


def cross_validated(
    probe: Probe,
    embeddings: Float[Tensor, "samples dim"],
    labels: Int[Tensor, " samples"],
    *,
    folds: int = 5,
    seed: int = 0,
    groups: Int[Tensor, " samples"] | None = None,
) -> float:
    """Cross-validated accuracy of a probe, for data without an official split.

    Args:
        probe: Fitted once per fold, on the other folds.
        embeddings: Labelled rows.
        labels: Their classes, integers of 0 or more.
        folds: Number of folds, 2 or more.
        seed: Random seed of the shuffle within classes; equal labels and seed give equal folds.
        groups: Group of each row, such as the patient; a group is never split between folds.

    Returns:
        Fraction of samples classified correctly while held out.

    Raises:
        ValueError: Fewer rows than folds, less than two rows per class on average, or anything that
            :meth:`Probe.fit` refuses.

    Range:
        0 to 1; always guessing the most frequent class gives its frequency.

    Reading:
        As for the probe's own function. Encoders compared on the same data and seed use the same
        folds.

    Example:
        >>> from nearfar.probes import KNNProbe
        >>> x = torch.tensor([[1.0, 0.1], [1.0, 0.2], [0.1, 1.0], [0.2, 1.0]])
        >>> cross_validated(KNNProbe(neighbors=1), x, torch.tensor([0, 0, 1, 1]), folds=2)
        1.0
    """
    predicted = held_out_predictions(
        probe, embeddings, labels, folds=folds, seed=seed, groups=groups
    )
    return float((predicted == labels.to(predicted.device)).double().mean())


def held_out_predictions(
    probe: Probe,
    embeddings: Float[Tensor, "samples dim"],
    labels: Int[Tensor, " samples"],
    *,
    folds: int = 5,
    seed: int = 0,
    groups: Int[Tensor, " samples"] | None = None,
) -> Int[Tensor, " samples"]:
    """The predicted class of each sample while held out; arguments as in `cross_validated`.

    A class that is absent from the other folds is never predicted: the only sample of a class is
    always an error.

    Example:
        >>> from nearfar.probes import KNNProbe
        >>> x = torch.tensor([[1.0, 0.1], [1.0, 0.2], [0.1, 1.0], [0.2, 1.0]])
        >>> held_out_predictions(KNNProbe(neighbors=1), x, torch.tensor([0, 0, 1, 1]), folds=2)
        tensor([0, 0, 1, 1])
    """
    check_integer(at_least=2, folds=folds)
    embeddings = checked_embeddings(embeddings)
    samples = embeddings.shape[0]
    labels = checked_labels(labels, samples=samples, min_classes=2).to(embeddings.device)
    classes = torch.unique(labels).numel()
    if samples < folds:
        raise ValueError(f"`folds` must be at most the number of samples, {samples}, got {folds}")
    if 2 * classes > samples:
        raise ValueError(
            f"`labels` must have at least two rows per class on average,"
            f" got {classes} classes in {samples} rows"
        )
    if groups is None:
        fold = stratified_folds(labels, folds=folds, seed=seed)
    else:
        fold = group_folds(groups, labels, folds=folds, seed=seed)
    predicted = torch.empty_like(labels)
    for index in range(folds):
        test = fold == index
        known = labels[~test]
        if torch.equal(known, known[:1].expand_as(known)):  # one class is all that can be learnt
            predicted[test] = known[0]
            continue
        kept = None if groups is None else groups[~test]
        fitted = probe.fit(embeddings[~test], known, groups=kept)
        predicted[test] = fitted.predict(embeddings[test])
    return predicted
