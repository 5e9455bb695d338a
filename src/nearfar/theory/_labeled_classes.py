"""Labelled samples as a population to sample from, class by class."""

from __future__ import annotations

from typing import final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.theory._prior import Prior, class_probabilities

__all__ = ["LabeledClasses"]

Numbers = NDArray[np.int64]


@final
class LabeledClasses:
    """Draws a class from the prior, then one of its samples, with replacement.

    Args:
        labels: The class of each sample, 0 or more.
        samples: Expected number of labels.
        prior: A number of classes or the probability of each; class frequencies if None, with
            unused labels dropped.

    Attributes:
        labels: The class of each sample, numbered from 0 without gaps.
        prior: The probability of each class.
        sizes: Number of samples of each class, 1 or more.

    Raises:
        ValueError: Labels of the wrong shape, fewer classes than labels, a class without samples,
            or a single class.
        TypeError: Labels that are not integers.
    """

    def __init__(self, labels: Tensor, *, samples: int, prior: Prior | None) -> None:
        _check_labels(labels, samples)
        numbers = labels.detach().cpu().numpy().astype(np.int64)
        if prior is None:
            _, numbers, counts = np.unique(numbers, return_inverse=True, return_counts=True)
            self.prior = counts / samples
        else:
            self.prior = class_probabilities(prior)
            _check_match(numbers, len(self.prior))
        if len(self.prior) < 2:
            raise ValueError(f"`labels` must contain at least 2 classes, got {len(self.prior)}")
        self.labels = numbers
        self.sizes = np.bincount(numbers, minlength=len(self.prior))
        self._order = np.argsort(numbers, kind="stable")
        self._starts = np.cumsum(self.sizes) - self.sizes
        self._edges = np.cumsum(self.prior)[:-1]

    def draw(self, rng: np.random.Generator, shape: int | tuple[int, ...]) -> Numbers:
        """Classes from the prior."""
        return np.searchsorted(self._edges, rng.random(shape), side="right")

    def draw_without_collision(self, rng: np.random.Generator, count: int, draws: int) -> Numbers:
        """Anchor classes, conditional on none of `count` negatives sharing the anchor's class."""
        logs = np.log(self.prior) + count * np.log1p(-self.prior)
        law = np.exp(logs - logs.max())
        return np.searchsorted(np.cumsum(law / law.sum())[:-1], rng.random(draws), side="right")

    def draw_others(self, rng: np.random.Generator, classes: Numbers, count: int) -> Numbers:
        """For each given class, `count` classes from the prior conditional on being different."""
        own = self.prior[classes][:, None]
        starts = (np.cumsum(self.prior) - self.prior)[classes][:, None]
        places = rng.random((len(classes), count)) * (1 - own)
        places += own * (places >= starts)  # step over the class itself
        drawn = np.searchsorted(self._edges, places, side="right")
        return np.where(drawn == classes[:, None], (drawn + 1) % len(self.prior), drawn)  # rounding

    def samples(self, rng: np.random.Generator, classes: Numbers) -> Tensor:
        """The index of a random sample of each given class."""
        places = (rng.random(classes.shape) * self.sizes[classes]).astype(np.int64)
        return torch.from_numpy(self._order[self._starts[classes] + places])

    def pairs(self, rng: np.random.Generator, classes: Numbers) -> tuple[Tensor, Tensor]:
        """The indices of two different samples of each given class, which must have at least 2."""
        sizes, starts = self.sizes[classes], self._starts[classes]
        first = (rng.random(classes.shape) * sizes).astype(np.int64)
        further = 1 + (rng.random(classes.shape) * (sizes - 1)).astype(np.int64)
        second = (first + further) % sizes
        return torch.from_numpy(self._order[starts + first]), torch.from_numpy(
            self._order[starts + second]
        )


def _check_labels(labels: Tensor, samples: int) -> None:
    if labels.shape != (samples,):
        raise ValueError(
            f"`labels` must have one label for each of the {samples} samples,"
            f" got shape {tuple(labels.shape)}"
        )
    if labels.is_floating_point() or labels.is_complex() or labels.dtype == torch.bool:
        raise TypeError(f"`labels` must be integers, got {labels.dtype}")
    if bool((labels < 0).any()):
        row = int((labels < 0).nonzero()[0])
        raise ValueError(
            f"`labels` must be integers of 0 or more, got {labels[row].item()} in row {row}"
        )


def _check_match(labels: Numbers, classes: int) -> None:
    if labels.max() >= classes:
        raise ValueError(
            "`prior` must have a class for every label,"
            f" got {classes} classes and the label {labels.max()}"
        )
    absent = np.setdiff1d(np.arange(classes), labels)
    if absent.size:
        raise ValueError(
            f"`labels` must contain each of the {classes} classes of `prior`,"
            f" got none of class {absent[0]}"
        )
