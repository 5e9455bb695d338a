"""Samples with labels, only for evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from torch import Tensor

from nearfar.data._class_labels import LABELS, TEST_LABELS, ClassLabels, read_classes
from nearfar.data._source import Source

__all__ = ["LABELS", "TEST_LABELS", "LabeledData", "with_labels"]


@dataclass(frozen=True)
class LabeledData:
    """Labelled samples for a probe; pretraining never uses them.

    Attributes:
        train: Samples that a probe is trained on.
        train_labels: Class of each training sample.
        class_names: Name of each class.
        test: Samples that the probe is evaluated on; None if the data have no official split.
        test_labels: Class of each test sample; None if `test` is None.
        notes: Notes on the labels for the user.
    """

    train: Source
    train_labels: Int64[Tensor, " samples"]
    class_names: tuple[str, ...]
    test: Source | None = None
    test_labels: Int64[Tensor, " test_samples"] | None = None
    notes: tuple[str, ...] = ()


def with_labels(
    train: Source, labels: Any, test: Source | None = None, test_labels: Any = None
) -> LabeledData:
    """Combine sources with one label per sample; classes are numbered by sorted label.

    Args:
        train: Samples that a probe is trained on.
        labels: One label per sample, as a list, an array, a tensor, or a column of pandas, polars
            or pyarrow: words, or whole numbers.
        test: Samples that the probe is evaluated on.
        test_labels: One label per sample of `test`.

    Raises:
        ValueError: A number of labels other than the number of samples, a missing label, only one
            class, or classes that only the test set has.
        TypeError: Labels that are neither words nor whole numbers.
    """
    given = _checked(labels, train)
    names, numbers = np.unique(given.values, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"labels must have at least 2 classes, got {len(names)} in {train.name}")
    test_numbers, notes = None, given.notes
    if test is not None and test_labels is not None:
        other = _checked(test_labels, test)
        notes += other.notes
        if other.values.dtype.kind != names.dtype.kind:
            names, other = names.astype(np.str_), ClassLabels(other.values.astype(np.str_))
            order = np.argsort(names)
            names, numbers = names[order], np.argsort(order)[numbers]
        unknown = np.setdiff1d(other.values, names)
        if len(unknown):
            raise ValueError(
                f"{train.name}: {len(unknown)} classes of the test set are not in the training"
                f" set, the first is {unknown[0]}"
            )
        test_numbers = torch.from_numpy(np.searchsorted(names, other.values).astype(np.int64))
    return LabeledData(
        train=train,
        train_labels=torch.from_numpy(numbers.astype(np.int64)),
        class_names=tuple(map(str, names)),
        test=test if test_numbers is not None else None,
        test_labels=test_numbers,
        notes=tuple(dict.fromkeys(notes)),
    )


def _checked(labels: Any, source: Source) -> ClassLabels:
    """Classes, one per sample."""

    def identify(row: int) -> str:
        inside = row < len(source)
        return source.identify(int(source.samples[row])) if inside else f"row {row}"

    shape = tuple(getattr(labels, "shape", ()))
    if len(shape) > 2 or shape[1:] not in ((), (1,)):
        raise ValueError(
            f"labels must be one per sample, {len(source):,} in {source.name}, got shape {shape}"
        )
    found = read_classes(labels, identify=identify)
    if len(found.values) != len(source):
        raise ValueError(
            f"labels must be one per sample, {len(source):,} in {source.name},"
            f" got {len(found.values):,}"
        )
    return found
