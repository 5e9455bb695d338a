"""Labels and groups for a probe, from names of columns, files or arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from nearfar.api._sample_groups import group_values, numbered
from nearfar.data import Joined, LabeledData, Source
from nearfar.data._files import counted, list_names
from nearfar.data._label_tasks import as_task
from nearfar.data._label_values import Task
from nearfar.data._open_source import path_of_labels

__all__ = ["groups_of", "several_columns", "with_task"]

_YES, _NO = ("1", "1.0", "true", "yes"), ("0", "0.0", "false", "no")


def with_task(
    opened: Callable[[Any], LabeledData], labels: Any, task: Task | None, *, infer: bool = True
) -> LabeledData:
    """Labelled data for a task; several names of columns, separated by commas, are several labels.

    Args:
        opened: Opens the data with labels.
        labels: Labels, a file with them, or the name of a column or of several.
        task: What to predict; None to infer it.
        infer: Whether whole numbers and words may be something else than classes.
    """
    names = several_columns(labels)
    data = _columns(opened, names) if names else opened(labels)
    return as_task(data, task, infer=infer)


def several_columns(labels: Any) -> tuple[str, ...]:
    """The names in a text of names separated by commas; none of anything else.

    >>> several_columns("rain, sun"), several_columns("rain"), several_columns([1, 0])
    (('rain', 'sun'), (), ())
    """
    if (
        not isinstance(labels, str)
        or "," not in labels
        or not isinstance(path_of_labels(labels), str)
    ):
        return ()
    return tuple(name.strip() for name in labels.split(",") if name.strip())


def _columns(opened: Callable[[Any], LabeledData], names: Sequence[str]) -> LabeledData:
    """Columns of 0 and 1, yes and no, or true and false, as several labels per sample."""
    parts = [opened(name) for name in names]
    train, test = [], []
    for name, part in zip(names, parts, strict=True):
        values = [str(value).lower() for value in part.class_names]
        known = part.task == "classification" and set(values) <= {*_YES, *_NO}
        if not known:
            raise ValueError(
                f"`labels`: each of several columns must have 0 and 1, yes and no, or true and"
                f" false, got {list_names(part.class_names) or 'numbers'} in {name!r}"
            )
        table = torch.tensor([float(value in _YES) for value in values], dtype=torch.float64)
        train.append(table[part.train_labels])
        if part.test_labels is not None:
            test.append(table[part.test_labels])
    return replace(
        parts[0],
        train_labels=torch.stack(train, dim=1),
        test_labels=torch.stack(test, dim=1) if test else None,
        class_names=tuple(names),
        notes=tuple(dict.fromkeys(note for part in parts for note in part.notes)),
        task="multilabel",
        no_classes=f"labels must be one column, got {len(names)}: {list_names(names)}",
    )


def groups_of(
    data: LabeledData,
    groups: Any,
    *,
    labels: Any = None,
    opened: Callable[[Any], LabeledData] | None = None,
) -> tuple[LabeledData, Tensor, tuple[str, ...]]:
    """Data whose split keeps groups together, the group of each sample, and notes.

    Groups are those of the training samples, then of the test samples.

    Args:
        data: Labelled data.
        groups: One group per sample (of the training samples, then of the test samples), a file
            with them, or the name of a column: of the file of labels, or else of the data.
        labels: Labels as they were given, for their file's other columns.
        opened: Opens the data with the labels of a name.

    Raises:
        ValueError: A number of groups other than that of the samples, or no such column.
    """
    joined: Source = data.train
    if data.test is not None:
        joined = Joined([data.train, data.test], name=data.train.name)
    values, notes = group_values(groups, joined, labels=labels, opened=opened)
    names, index = numbered(values, joined)
    if data.test is None or data.test_labels is None:
        return data, index, notes
    count = len(data.train)
    both = set(index[:count].tolist()) & set(index[count:].tolist())
    if not both:
        return data, index, notes
    note = (
        f"the official split is not used: {counted(len(both), 'group')} of {len(names):,} on both"
        f" sides ({list_names([names[group] for group in sorted(both)])})"
    )
    whole = replace(
        data,
        train=joined,
        train_labels=torch.cat([data.train_labels, data.test_labels]),
        test=None,
        test_labels=None,
    )
    return whole, index, (*notes, note)
