"""The mean classifier probe: one mean vector per class."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float, Int
from torch import Tensor

from nearfar.ops import to_sphere
from nearfar.probes._probe import Probe

__all__ = ["MeanClassifier", "mean_classifier_accuracy"]


def mean_classifier_accuracy(
    embeddings: Float[Tensor, "samples dim"],
    labels: Int[Tensor, " samples"],
    test_embeddings: Float[Tensor, "tests dim"],
    test_labels: Int[Tensor, " tests"],
) -> float:
    r"""Accuracy of the mean classifier, whose weights are the classes' mean unit vectors.

    .. math:: \mu_c = \frac{1}{n_c} \sum_{i : y_i = c} u_i, \qquad
              \hat y(u) = \arg\max_c \, u^\top \mu_c, \qquad u = z / \lVert z \rVert

    The means are not renormalised, as in the theory of contrastive learning.

    Args:
        embeddings: Labelled rows to average.
        labels: Their classes, integers of 0 or more.
        test_embeddings: Rows to classify.
        test_labels: Their true classes.

    Returns:
        Fraction of test rows classified correctly.

    Raises:
        ValueError: Lengths that differ, fewer than two classes, bad labels, NaN or infinity.

    Range:
        0 to 1; always guessing the most frequent class gives its frequency.

    Reading:
        The classifier to which the bounds on the downstream loss apply, and the strictest probe:
        each class must form one compact cluster. If it is within a few points of
        :func:`linear_accuracy`, the classes do.

    Reference:
        Arora et al. 2019, section 2 (arXiv 1902.09229); Nozawa & Sato 2021 (arXiv 2102.06866).

    Example:
        >>> x, y = torch.eye(4), torch.tensor([0, 0, 1, 1])
        >>> mean_classifier_accuracy(x, y, x, y)
        1.0
    """
    return MeanClassifier().fit(embeddings, labels).score(test_embeddings, test_labels)


@final
class MeanClassifier(Probe):
    """The probe of :func:`mean_classifier_accuracy`."""

    def _fit(self, embeddings: Tensor, indices: Tensor, folds: Tensor | None) -> None:
        rows = to_sphere(embeddings)
        sums = rows.new_zeros(self.classes.numel(), rows.shape[1]).index_add_(0, indices, rows)
        self._means = sums / indices.bincount(minlength=sums.shape[0]).unsqueeze(1)

    @torch.no_grad()
    def _predict(self, embeddings: Tensor) -> Tensor:
        return (to_sphere(embeddings).to(self._means.dtype) @ self._means.T).argmax(dim=1)
