"""The kNN probe: a weighted vote among nearest neighbours."""

from __future__ import annotations

from collections.abc import Iterator
from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar._deprecation import renamed_arguments, renamed_members
from nearfar.checks import check_integer, check_positive
from nearfar.ops import to_sphere
from nearfar.ops._nearest import earliest_highest
from nearfar.probes._probe import Probe

__all__ = ["KNNProbe", "knn_accuracy", "nearest_weights"]

_TILE = 1 << 24
"""Similarities in memory at a time: 64 MiB in float32."""


@renamed_arguments(neighbours="neighbors")
def knn_accuracy(
    embeddings: Float[Tensor, "samples dim"],
    labels: Int[Tensor, " samples"],
    test_embeddings: Float[Tensor, "tests dim"],
    test_labels: Int[Tensor, " tests"],
    *,
    neighbors: int = 20,
    temperature: float | None = 0.07,
) -> float:
    r"""Accuracy of a weighted kNN classifier with cosine similarity.

    .. math:: \hat y(q) = \arg\max_c \sum_{i \in N_k(q)} [y_i = c] \, e^{\cos(q, x_i) / \tau}

    Args:
        embeddings: Labelled rows to search in.
        labels: Their classes, integers of 0 or more.
        test_embeddings: Rows to classify.
        test_labels: Their true classes.
        neighbors: Number of neighbours :math:`k`, at most all rows. 200 is common on ImageNet.
        temperature: The formula's :math:`\tau`; None for an unweighted vote.

    Returns:
        Fraction of test rows classified correctly.

    Raises:
        ValueError: Lengths that differ, fewer than two classes, bad labels, NaN or infinity.

    Range:
        0 to 1; always guessing the most frequent class gives its frequency.

    Reading:
        Needs no training, so it measures the geometry itself. If far below
        :func:`linear_accuracy`, classes are separable but not clustered. Compare with raw inputs
        and with the untrained encoder, often a strong baseline on small images.

    Reference:
        Wu et al. 2018, section 3.4 (arXiv 1805.01978); used as in He et al. 2020.

    Example:
        >>> x, y = torch.eye(4), torch.tensor([0, 0, 1, 1])
        >>> knn_accuracy(x + 0.1, y, x, y, neighbors=1)
        1.0
    """
    probe = KNNProbe(neighbors=neighbors, temperature=temperature)
    return probe.fit(embeddings, labels).score(test_embeddings, test_labels)


@final
@renamed_members(neighbours="neighbors")
class KNNProbe(Probe):
    """The probe of :func:`knn_accuracy`; ties are broken by the order of rows and classes.

    Cost:
        samples × tests similarities, 64 MiB of them at a time.
    """

    def __init__(self, *, neighbors: int = 20, temperature: float | None = 0.07) -> None:
        check_integer(at_least=1, neighbors=neighbors)
        if temperature is not None:
            check_positive(temperature=temperature)
        self.neighbors = neighbors
        self.temperature = temperature

    def _fit(self, embeddings: Tensor, indices: Tensor, folds: Tensor | None) -> None:
        self._rows, self._indices = to_sphere(embeddings), indices

    @torch.no_grad()
    def _predict(self, embeddings: Tensor) -> Tensor:
        found = []
        for weights, rows in nearest_weights(
            self._rows, embeddings, neighbors=self.neighbors, temperature=self.temperature
        ):
            votes = weights.new_zeros(weights.shape[0], self.classes.numel())
            found.append(votes.scatter_add_(1, self._indices[rows], weights).argmax(dim=1))
        return torch.cat(found)


def nearest_weights(
    searched: Tensor, embeddings: Tensor, *, neighbors: int, temperature: float | None
) -> Iterator[tuple[Tensor, Tensor]]:
    """Weight and row of the nearest neighbours of each embedding, some embeddings at a time."""
    most = min(neighbors, searched.shape[0])
    unit = to_sphere(embeddings).to(searched.dtype)
    for queries in torch.split(unit, max(1, _TILE // searched.shape[0])):
        near, rows = earliest_highest(queries @ searched.T, most)
        if temperature is None:
            yield torch.ones_like(near), rows
        else:  # relative to the nearest, so that the exponential cannot overflow
            nearest = near.amax(dim=1, keepdim=True)
            yield ((near - nearest) / temperature).exp(), rows
