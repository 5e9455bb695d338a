"""Base class of probes: fitted on labelled embeddings, scored on others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Self

import torch
from torch import Tensor

from nearfar.probes._group_folds import chooser_folds
from nearfar.probes._labeled_embeddings import checked_embeddings, checked_labels

__all__ = ["Probe"]


class Probe(ABC):
    """A deterministic classifier on frozen embeddings.

    Attributes:
        classes: The labels seen in :meth:`fit`, ascending.
    """

    classes: Tensor
    _dim: int

    def fit(self, embeddings: Tensor, labels: Tensor, *, groups: Tensor | None = None) -> Self:
        """Fit on labelled embeddings.

        Args:
            embeddings: Labelled rows.
            labels: Their classes.
            groups: Group of each row; rows of a group are never on both sides of the split by which
                a probe chooses its own settings.

        Raises:
            ValueError: Lengths that differ, fewer than two classes, negative or non-integer labels,
                NaN or infinity.
        """
        embeddings = checked_embeddings(embeddings)
        samples, self._dim = embeddings.shape
        labels = checked_labels(labels, samples=samples, min_classes=2).to(embeddings.device)
        self.classes, indices = torch.unique(labels, return_inverse=True)
        self._fit(embeddings, indices, chooser_folds(indices, groups))
        return self

    def predict(self, embeddings: Tensor) -> Tensor:
        """The class of each row, one of :attr:`classes`."""
        if not hasattr(self, "classes"):
            raise ValueError(f"`{type(self).__name__}` must be fitted first: call `fit`")
        embeddings = checked_embeddings(embeddings, dim=self._dim).to(self.classes.device)
        return self.classes[self._predict(embeddings)]

    def score(self, embeddings: Tensor, labels: Tensor) -> float:
        """Accuracy, in [0, 1]."""
        predicted = self.predict(embeddings)
        labels = checked_labels(labels, samples=predicted.shape[0]).to(predicted.device)
        return float((predicted == labels).double().mean())

    @abstractmethod
    def _fit(self, embeddings: Tensor, indices: Tensor, folds: Tensor | None) -> None:
        """Fit; `indices` are into :attr:`classes`, `folds` keep any groups together."""

    @abstractmethod
    def _predict(self, embeddings: Tensor) -> Tensor:
        """An index into :attr:`classes` for each row."""
