"""Base class of probes of numbers and of several labels per sample."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import torch
from torch import Tensor

from nearfar.probes._group_folds import chooser_folds
from nearfar.probes._labeled_embeddings import (
    checked_embeddings,
    checked_numbers,
    checked_several_labels,
)
from nearfar.probes._value_scores import mean_average_precision, r2_score

__all__ = ["MultiLabelProbe", "RegressionProbe"]


class _ValueProbe(ABC):
    """A deterministic map from frozen embeddings to numbers."""

    _dim: int
    _device: torch.device

    def _prepare(self, embeddings: Tensor) -> Tensor:
        embeddings = checked_embeddings(embeddings)
        self._dim, self._device = embeddings.shape[1], embeddings.device
        return embeddings

    def predict(self, embeddings: Tensor) -> Tensor:
        """The number, or the scores of the labels, of each row."""
        if not hasattr(self, "_dim"):
            raise ValueError(f"`{type(self).__name__}` must be fitted first: call `fit`")
        return self._predict(checked_embeddings(embeddings, dim=self._dim).to(self._device))

    @abstractmethod
    def _fit(self, embeddings: Tensor, targets: Tensor, folds: Tensor | None) -> None:
        """Fit; `folds` keep groups together, if there are any."""

    @abstractmethod
    def _predict(self, embeddings: Tensor) -> Tensor:
        """One row of predictions per row."""


class RegressionProbe(_ValueProbe):
    """A deterministic regression on frozen embeddings, scored by R²."""

    def fit(self, embeddings: Tensor, targets: Tensor, *, groups: Tensor | None = None) -> Self:
        """Fit on embeddings with a number each.

        Args:
            embeddings: Rows to fit.
            targets: Their numbers.
            groups: Group of each row; rows of a group are never on both sides of the split by which
                a probe chooses its own settings.

        Raises:
            ValueError: Lengths that differ, numbers that are all equal, NaN or infinity.
        """
        embeddings = self._prepare(embeddings)
        count = embeddings.shape[0]
        targets = checked_numbers(targets, samples=count, differ=True).to(embeddings)
        self._fit(embeddings, targets, chooser_folds(None, groups, count))
        return self

    def score(self, embeddings: Tensor, targets: Tensor) -> float:
        """R², at most 1."""
        predicted = self.predict(embeddings)
        return r2_score(predicted, checked_numbers(targets, samples=len(predicted)).to(predicted))


class MultiLabelProbe(_ValueProbe):
    """A deterministic ranking of samples for each label, scored by mean average precision."""

    def fit(self, embeddings: Tensor, labels: Tensor, *, groups: Tensor | None = None) -> Self:
        """Fit on embeddings with any number of labels each.

        Args:
            embeddings: Rows to fit.
            labels: Samples × labels, 1 where a sample has a label, else 0.
            groups: Group of each row; rows of a group are never on both sides of the split by which
                a probe chooses its own settings.

        Raises:
            ValueError: Lengths that differ, entries other than 0 and 1, NaN or infinity.
        """
        embeddings = self._prepare(embeddings)
        count = embeddings.shape[0]
        labels = checked_several_labels(labels, samples=count).to(embeddings)
        self._fit(embeddings, labels, chooser_folds(None, groups, count))
        return self

    def score(self, embeddings: Tensor, labels: Tensor) -> float:
        """Mean average precision, in [0, 1]."""
        scores = self.predict(embeddings)
        labels = checked_several_labels(labels, samples=len(scores)).to(scores)
        return mean_average_precision(scores, labels)
