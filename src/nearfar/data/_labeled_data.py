"""Samples with labels, only for evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._source import Source

__all__ = ["LABELS", "TEST_LABELS", "LabeledData", "with_labels"]

LABELS = (
    *("y", "labels", "label", "targets", "target", "class", "category"),
    *("y_train", "train_labels"),
)
"""Names of arrays and columns that are recognised as labels."""
TEST_LABELS = ("y_test", "test_labels")


@dataclass(frozen=True)
class LabeledData:
    """Labelled samples for a probe; pretraining never uses them.

    Attributes:
        train: Samples that a probe is trained on.
        train_labels: Class of each training sample.
        class_names: Name of each class.
        test: Samples that the probe is evaluated on; None if the data have no official split.
        test_labels: Class of each test sample; None if `test` is None.
    """

    train: Source
    train_labels: Int64[Tensor, " samples"]
    class_names: tuple[str, ...]
    test: Source | None = None
    test_labels: Int64[Tensor, " test_samples"] | None = None


def with_labels(
    train: Source,
    labels: NDArray[Any],
    test: Source | None = None,
    test_labels: NDArray[Any] | None = None,
) -> LabeledData:
    """Combine sources with one label per sample; classes are numbered by sorted label.

    Raises:
        ValueError: A number of labels other than the number of samples, only one class, or classes
            that only the test set has.
        TypeError: Labels that are neither integers nor strings.
    """
    names, numbers = np.unique(_flat(labels, train), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"labels must have at least 2 classes, got {len(names)} in {train.name}")
    test_numbers = None
    if test is not None and test_labels is not None:
        flat = _flat(test_labels, test)
        unknown = np.setdiff1d(flat, names)
        if len(unknown):
            raise ValueError(
                f"{train.name}: {len(unknown)} classes of the test set are not in the training"
                f" set, the first is {unknown[0]}"
            )
        test_numbers = torch.from_numpy(np.searchsorted(names, flat).astype(np.int64))
    return LabeledData(
        train=train,
        train_labels=torch.from_numpy(numbers.astype(np.int64)),
        class_names=tuple(map(str, names)),
        test=test if test_numbers is not None else None,
        test_labels=test_numbers,
    )


def _flat(labels: NDArray[Any], source: Source) -> NDArray[Any]:
    """Check for one label per sample, and flatten N×1 labels."""
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.shape != (len(source),):
        raise ValueError(
            f"labels must be one per sample, {len(source):,} in {source.name},"
            f" got shape {labels.shape}"
        )
    if flat.dtype.kind not in "biuUS":
        raise TypeError(f"labels must be integers or strings, got {flat.dtype}")
    return flat
