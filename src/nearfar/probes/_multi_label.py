"""The linear probe of several labels per sample: one logistic regression per label."""

from __future__ import annotations

from typing import final

import torch
import torch.nn.functional as F
from jaxtyping import Float, Num
from torch import Tensor

from nearfar.checks import check_positive
from nearfar.probes._logistic import fit_logistic
from nearfar.probes._principal_axes import PrincipalAxes, few_threads
from nearfar.probes._value_probe import MultiLabelProbe

__all__ = ["LinearMultiLabelProbe", "linear_average_precision"]


def linear_average_precision(
    embeddings: Float[Tensor, "samples dim"],
    labels: Num[Tensor, "samples labels"],
    test_embeddings: Float[Tensor, "tests dim"],
    test_labels: Num[Tensor, "tests labels"],
    *,
    l2: float | None = None,
) -> float:
    """Mean average precision of one logistic regression per label on frozen embeddings.

    Columns are standardised on the training rows; all labels share one strength of the penalty.

    Args:
        embeddings: Labelled rows to fit.
        labels: Samples × labels, 1 where a sample has a label, else 0.
        test_embeddings: Rows to rank.
        test_labels: Their true labels.
        l2: Strength of the penalty; None chooses as :func:`linear_accuracy` does.

    Returns:
        The mean over the labels of the average precision.

    Raises:
        ValueError: Lengths that differ, entries other than 0 and 1, NaN or infinity.

    Range:
        0 to 1; random scores give about the mean frequency of the labels.

    Reading:
        Compare with raw inputs and with the untrained encoder. Rare labels count as much as
        frequent ones.

    Example:
        >>> x = torch.tensor([[-1.0], [-0.8], [-0.9], [1.0], [0.9], [1.1]])
        >>> y = torch.tensor([[0, 1], [0, 1], [0, 1], [1, 0], [1, 0], [1, 0]])
        >>> linear_average_precision(x, y, x, y)
        1.0
    """
    probe = LinearMultiLabelProbe(l2=l2)
    return probe.fit(embeddings, labels).score(test_embeddings, test_labels)


@final
class LinearMultiLabelProbe(MultiLabelProbe):
    """The probe of :func:`linear_average_precision`.

    Attributes:
        chosen_l2: Strength of the penalty of the last fit.
    """

    def __init__(self, *, l2: float | None = None) -> None:
        if l2 is not None:
            check_positive(l2=l2)
        self.l2 = l2

    def _fit(self, embeddings: Tensor, targets: Tensor, folds: Tensor | None) -> None:
        _, indices = torch.unique(targets, dim=0, return_inverse=True)  # by combination of labels
        with few_threads(embeddings):
            axes = PrincipalAxes.of(embeddings)
            rows = axes.scores
            self.chosen_l2, weights = fit_logistic(
                rows,
                axes.variances,
                targets.to(rows.dtype),
                indices,
                link="sigmoid",
                l2=self.l2,
                folds=folds,
            )
            self._weights, self._bias = axes.in_columns(weights[:, :-1]), weights[:, -1]
            self._axes = axes.without_scores()

    @torch.no_grad()
    def _predict(self, embeddings: Tensor) -> Tensor:
        return F.linear(self._axes.standardized(embeddings), self._weights, self._bias).sigmoid()
