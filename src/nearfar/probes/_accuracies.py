"""Accuracies of predicted classes, and of always predicting the most frequent class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import torch
from jaxtyping import Int
from torch import Tensor

__all__ = ["Majority", "balanced_accuracy"]

UNEVEN = 1.5


def balanced_accuracy(predicted: Int[Tensor, " tests"], labels: Int[Tensor, " tests"]) -> float:
    """The mean over the classes of the fraction of their samples that are predicted correctly.

    Args:
        predicted: Predicted classes.
        labels: True classes; classes without a sample do not count.

    Returns:
        The mean recall.

    Range:
        0 to 1; 1 / classes for any constant answer.

    Reference:
        Brodersen et al. 2010: The balanced accuracy and its posterior distribution.

    Example:
        >>> balanced_accuracy(torch.tensor([0, 0, 0, 0]), torch.tensor([0, 0, 0, 1]))
        0.5
    """
    classes, index = torch.unique(labels, return_inverse=True)
    right = (predicted == labels).double()
    counts = torch.bincount(index, minlength=len(classes))
    return float((torch.bincount(index, right, minlength=len(classes)) / counts).mean())


@final
@dataclass(frozen=True)
class Majority:
    """The classifier that always predicts the most frequent class of the training samples.

    Attributes:
        answer: The class.
        accuracy: Its fraction of the evaluated samples.
        balanced: Its balanced accuracy.
        uneven: Whether the largest class of the evaluated samples has more than 1.5 times as many
            as the smallest, so that accuracies are hard to read without the balanced ones.
    """

    answer: int
    accuracy: float
    balanced: float
    uneven: bool

    @classmethod
    def of(cls, train: Int[Tensor, " samples"], test: Int[Tensor, " tests"]) -> Majority:
        """The majority class of training labels, evaluated on others; ties go to the first.

        Example:
            >>> Majority.of(torch.tensor([0, 1, 1, 1]), torch.tensor([1, 0]))
            Majority(answer=1, accuracy=0.5, balanced=0.5, uneven=False)
        """
        answer = int(train.bincount().argmax())
        counts = test.bincount()
        counts = counts[counts > 0]
        uneven = int(counts.max()) > UNEVEN * int(counts.min())
        always = torch.full_like(test, answer)
        right = float((test == answer).double().mean())
        return cls(answer, right, balanced_accuracy(always, test), uneven)
