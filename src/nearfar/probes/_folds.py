"""Stratified folds, and the accuracy of a probe over them."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.probes._labelled_embeddings import checked_embeddings, checked_labels
from nearfar.probes._probe import Probe

__all__ = ["cross_validated", "stratified_folds"]


def stratified_folds(
    labels: Int[Tensor, " samples"], *, folds: int, seed: int
) -> Int[Tensor, " samples"]:
    """A fold for each sample: classes spread evenly, sizes differ by one at most, deterministic.

    Args:
        labels: Classes of the samples.
        folds: Number of folds, 2 or more.
        seed: Seeds the shuffle within classes.

    Example:
        >>> stratified_folds(torch.tensor([0, 0, 1, 1, 1, 1]), folds=2, seed=0).bincount()
        tensor([3, 3])
    """
    check_integer(at_least=2, folds=folds)
    shuffled = torch.randperm(labels.shape[0], generator=torch.Generator().manual_seed(seed))
    by_class = shuffled[labels.cpu()[shuffled].argsort(stable=True)]
    fold = torch.empty_like(by_class)
    fold[by_class] = torch.arange(labels.shape[0]) % folds  # dealt like cards, class after class
    return fold.to(labels.device)


def cross_validated(
    probe: Probe,
    embeddings: Float[Tensor, "samples dim"],
    labels: Int[Tensor, " samples"],
    *,
    folds: int = 5,
    seed: int = 0,
) -> float:
    """Accuracy of a probe where there is no official split: every sample is tested once.

    Args:
        probe: Fitted anew on all folds but one, for each.
        embeddings: Labelled rows.
        labels: Their classes, whole numbers of 0 or more.
        folds: Number of folds, 2 or more.
        seed: Seeds the shuffle within classes; the same folds come from the same labels.

    Returns:
        Share of samples whose class was predicted while they were left out.

    Raises:
        ValueError: Fewer rows than folds, less than two rows a class on average, or anything that
            :meth:`Probe.fit` refuses.

    Range:
        0 to 1; guessing reads the share of the most frequent class.

    Reading:
        As the probe's own function. Encoders compared on the same data and seed see the same folds.

    Example:
        >>> from nearfar.probes import KNNProbe
        >>> x = torch.tensor([[1.0, 0.1], [1.0, 0.2], [0.1, 1.0], [0.2, 1.0]])
        >>> cross_validated(KNNProbe(neighbours=1), x, torch.tensor([0, 0, 1, 1]), folds=2)
        1.0
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
            f"`labels` must repeat: at least two rows a class on average are needed,"
            f" got {classes} classes in {samples} rows"
        )
    fold = stratified_folds(labels, folds=folds, seed=seed)
    right = 0.0
    for index in range(folds):
        test = fold == index
        probe.fit(embeddings[~test], labels[~test])
        right += float(test.sum()) * probe.score(embeddings[test], labels[test])
    return right / samples
