"""kNN probes of numbers and of several labels per sample."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float, Num
from torch import Tensor

from nearfar.checks import check_integer, check_positive
from nearfar.ops import to_sphere
from nearfar.probes._knn import nearest_weights
from nearfar.probes._value_probe import MultiLabelProbe, RegressionProbe, _ValueProbe

__all__ = [
    "KNNMultiLabelProbe",
    "KNNRegressionProbe",
    "knn_average_precision",
    "knn_r2",
]


def knn_r2(
    embeddings: Float[Tensor, "samples dim"],
    targets: Num[Tensor, " samples"],
    test_embeddings: Float[Tensor, "tests dim"],
    test_targets: Num[Tensor, " tests"],
    *,
    neighbors: int = 20,
    temperature: float | None = 0.07,
) -> float:
    """R² of the weighted mean of the nearest neighbours' numbers.

    Neighbours and weights are those of :func:`knn_accuracy`.

    Args:
        embeddings: Rows to search in.
        targets: Their numbers.
        test_embeddings: Rows to predict.
        test_targets: Their true numbers.
        neighbors: Number of neighbours, at most all rows.
        temperature: Temperature of the weights; None for equal ones.

    Returns:
        The fraction of the variance of the test targets that is explained.

    Raises:
        ValueError: Lengths that differ, numbers that are all equal, NaN or infinity.

    Range:
        At most 1; predicting the mean gives 0.

    Reading:
        Needs no training, so it measures the geometry itself.

    Example:
        >>> x, y = torch.eye(4), torch.tensor([0.0, 1.0, 2.0, 3.0])
        >>> knn_r2(x, y, x, y, neighbors=1)
        1.0
    """
    probe = KNNRegressionProbe(neighbors=neighbors, temperature=temperature)
    return probe.fit(embeddings, targets).score(test_embeddings, test_targets)


def knn_average_precision(
    embeddings: Float[Tensor, "samples dim"],
    labels: Num[Tensor, "samples labels"],
    test_embeddings: Float[Tensor, "tests dim"],
    test_labels: Num[Tensor, "tests labels"],
    *,
    neighbors: int = 20,
    temperature: float | None = 0.07,
) -> float:
    """Mean average precision of the weighted share of the nearest neighbours with a label.

    Neighbours and weights are those of :func:`knn_accuracy`.

    Args:
        embeddings: Labelled rows to search in.
        labels: Samples × labels, 1 where a sample has a label, else 0.
        test_embeddings: Rows to rank.
        test_labels: Their true labels.
        neighbors: Number of neighbours, at most all rows.
        temperature: Temperature of the weights; None for equal ones.

    Returns:
        The mean over the labels of the average precision.

    Raises:
        ValueError: Lengths that differ, entries other than 0 and 1, NaN or infinity.

    Range:
        0 to 1; random scores give about the mean frequency of the labels.

    Reading:
        Needs no training, so it measures the geometry itself.

    Example:
        >>> x, y = torch.eye(4), torch.tensor([[0, 1], [0, 1], [1, 0], [1, 1]])
        >>> knn_average_precision(x, y, x, y, neighbors=1)
        1.0
    """
    probe = KNNMultiLabelProbe(neighbors=neighbors, temperature=temperature)
    return probe.fit(embeddings, labels).score(test_embeddings, test_labels)


class _Neighbors(_ValueProbe):
    """The weighted mean of the neighbours' targets."""

    def __init__(self, *, neighbors: int = 20, temperature: float | None = 0.07) -> None:
        check_integer(at_least=1, neighbors=neighbors)
        if temperature is not None:
            check_positive(temperature=temperature)
        self.neighbors = neighbors
        self.temperature = temperature

    def _fit(self, embeddings: Tensor, targets: Tensor, folds: Tensor | None) -> None:
        self._rows, self._targets = to_sphere(embeddings), targets

    @torch.no_grad()
    def _predict(self, embeddings: Tensor) -> Tensor:
        found = []
        for weights, rows in nearest_weights(
            self._rows, embeddings, neighbors=self.neighbors, temperature=self.temperature
        ):
            shares = weights / weights.sum(dim=1, keepdim=True)
            near = self._targets[rows].to(shares.dtype)
            found.append(torch.einsum("qk,qk...->q...", shares, near))
        return torch.cat(found)


@final
class KNNRegressionProbe(_Neighbors, RegressionProbe):
    """The probe of :func:`knn_r2`."""


@final
class KNNMultiLabelProbe(_Neighbors, MultiLabelProbe):
    """The probe of :func:`knn_average_precision`."""
