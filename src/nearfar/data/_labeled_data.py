"""Samples with labels, only for evaluation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Num
from torch import Tensor

from nearfar.data._class_labels import ClassLabels, read_classes
from nearfar.data._label_names import LABELS, TEST_LABELS
from nearfar.data._label_values import SeveralLabels, Task, ValueLabels, read_values
from nearfar.data._source import Source

__all__ = ["LABELS", "TEST_LABELS", "LabeledData", "with_labels"]


@dataclass(frozen=True)
class LabeledData:
    """Labelled samples for a probe; pretraining never uses them.

    Attributes:
        train: Samples that a probe is trained on.
        train_labels: Class of each training sample; or its number, or samples × labels of 0 and 1.
        class_names: Name of each class or label; none for numbers.
        test: Samples that the probe is evaluated on; None if the data have no official split.
        test_labels: Labels of the test samples; None if `test` is None.
        notes: Notes on the labels for the user.
        task: What the labels are: one class, a number, or any number of labels per sample.
        no_classes: Why the labels cannot be classes, if they cannot.
    """

    train: Source
    train_labels: Num[Tensor, "samples ..."]
    class_names: tuple[str, ...]
    test: Source | None = None
    test_labels: Num[Tensor, "test_samples ..."] | None = None
    notes: tuple[str, ...] = ()
    task: Task = "classification"
    no_classes: str = ""


def with_labels(
    train: Source, labels: Any, test: Source | None = None, test_labels: Any = None
) -> LabeledData:
    """Combine sources with labels; classes are numbered by sorted label.

    Args:
        train: Samples that a probe is trained on.
        labels: One label per sample, as a list, an array, a tensor, or a column of pandas, polars
            or pyarrow: words, whole numbers, or numbers with fractions. Or several per sample: a
            matrix or a table of columns of 0 and 1, or a list of lists of words.
        test: Samples that the probe is evaluated on.
        test_labels: One label per sample of `test`.

    Raises:
        ValueError: A number of labels other than the number of samples, a missing label, only one
            class, or classes that only the test set has.
        TypeError: Labels that are neither words nor numbers.
    """
    try:
        given = _checked(labels, train)
    except (TypeError, ValueError) as error:
        values = _values(labels, train)
        if values is None:
            raise
        return _with_values(values, str(error), train, test, test_labels)
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


def _values(labels: Any, source: Source) -> ValueLabels | None:
    """Numbers or several labels, one row per sample; None if there are none."""
    found = read_values(labels)
    return found if found is not None and len(found.values) == len(source) else None


def _with_values(
    values: ValueLabels, why: str, train: Source, test: Source | None, test_labels: Any
) -> LabeledData:
    """Labels that are no classes, with those of the test samples."""
    tested = None
    if test is not None and test_labels is not None:
        tested = _values(test_labels, test)
        if tested is None or tested.task != values.task:
            raise ValueError(f"{train.name}: labels of the test set must be like the others")
        known = {name: column for column, name in enumerate(tested.names)}
        unknown = known.keys() - set(values.names)
        if unknown:
            raise ValueError(
                f"{train.name}: {len(unknown)} labels of the test set are not in the training"
                f" set, the first is {min(unknown)}"
            )
        if tested.names != values.names:
            columns = np.zeros((len(tested.values), len(values.names)))
            for column, name in enumerate(values.names):
                if name in known:
                    columns[:, column] = tested.values[:, known[name]]
            tested = ValueLabels(values.task, columns, values.names)
    return LabeledData(
        train=train,
        train_labels=torch.from_numpy(values.values),
        class_names=values.names,
        test=test if tested is not None else None,
        test_labels=None if tested is None else torch.from_numpy(tested.values),
        task=values.task,
        no_classes=why,
    )


def _checked(labels: Any, source: Source) -> ClassLabels:
    """Classes, one per sample."""

    def identify(row: int) -> str:
        inside = row < len(source)
        return source.identify(int(source.samples[row])) if inside else f"row {row}"

    if isinstance(labels, SeveralLabels):
        raise ValueError(f"labels must be one per sample, got {len(labels.names)} columns")
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
