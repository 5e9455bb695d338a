"""Labels and groups for a probe, from names of columns, files or arrays."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nearfar.checks import check_choice
from nearfar.data import Joined, LabeledData, Source
from nearfar.data._class_labels import read_classes
from nearfar.data._files import counted, list_names
from nearfar.data._label_files import LabelFile, read_labels
from nearfar.data._label_tasks import Task, as_task
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
    values, notes = _values(data, groups, labels, opened, joined)
    found = read_classes(values, identify=lambda row: _identify(joined, row))
    if len(found.values) != len(joined):
        raise ValueError(
            f"`groups` must be one per sample, {len(joined):,} in {joined.name},"
            f" got {len(found.values):,}"
        )
    names, numbers = np.unique(found.values, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"`groups` must be at least 2, got only {names[0]!s}")
    index = torch.from_numpy(numbers.astype(np.int64))
    if data.test is None or data.test_labels is None:
        return data, index, notes
    count = len(data.train)
    both = set(index[:count].tolist()) & set(index[count:].tolist())
    if not both:
        return data, index, notes
    note = (
        f"the official split is not used: {counted(len(both), 'group')} of {len(names):,} on both"
        f" sides ({list_names([str(names[group]) for group in sorted(both)])})"
    )
    whole = replace(
        data,
        train=joined,
        train_labels=torch.cat([data.train_labels, data.test_labels]),
        test=None,
        test_labels=None,
    )
    return whole, index, (*notes, note)


def _identify(source: Source, row: int) -> str:
    return source.identify(int(source.samples[row])) if row < len(source) else f"row {row}"


def _values(
    data: LabeledData,
    groups: Any,
    labels: Any,
    opened: Callable[[Any], LabeledData] | None,
    joined: Source,
) -> tuple[Any, tuple[str, ...]]:
    """Groups in the order of the samples, and notes."""
    where = path_of_labels(groups)
    if isinstance(where, (Path, LabelFile)):
        return (where if isinstance(where, LabelFile) else read_labels(where)).in_order_of(joined)
    if not isinstance(groups, str):
        return groups, ()
    held = path_of_labels(labels)
    held = read_labels(held) if isinstance(held, Path) else held
    columns = held.others if isinstance(held, LabelFile) else {}
    if groups in columns:
        others = {name: cells for name, cells in columns.items() if name != groups}
        return replace(held, values=columns[groups], others=others, notes=()).in_order_of(joined)
    if opened is None:
        raise ValueError(f"`groups` must be one group per sample or a file, got {groups!r}")
    try:
        given = opened(groups)
    except ValueError:
        if columns:
            check_choice(columns, groups=groups)
        raise
    if given.task == "multilabel":
        raise ValueError(f"`groups` must be one per sample, got several in {groups!r}")
    parts = [given.train_labels] + ([] if given.test_labels is None else [given.test_labels])
    whole = torch.cat(parts)
    if given.task == "classification":
        return [given.class_names[place] for place in whole.tolist()], ()
    return [str(value) for value in whole.tolist()], ()
