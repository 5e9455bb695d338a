"""What labels are: classes, numbers, or several labels per sample."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.checks import check_choice
from nearfar.data._columnar_files import is_frame
from nearfar.data._files import counted, list_names

if TYPE_CHECKING:
    from nearfar.data._labeled_data import LabeledData

__all__ = ["SeveralLabels", "Task", "ValueLabels", "as_task", "read_values"]

Task: TypeAlias = Literal["classification", "regression", "multilabel"]
"""What a probe predicts: one class, a number, or any number of labels per sample."""

_SEPARATORS = (";", "|", ",")
_MANY, _PER_CLASS = 20, 10  # of whole numbers, more distinct ones and fewer samples each: numbers


@dataclass(frozen=True)
class SeveralLabels:
    """Columns of 0 and 1 with a name each.

    Attributes:
        values: Samples × labels.
        names: Name of each column.
    """

    values: NDArray[np.uint8]
    names: tuple[str, ...]


@dataclass(frozen=True)
class ValueLabels:
    """Labels that are no classes.

    Attributes:
        task: What they are.
        values: One number per sample, or samples × labels with 0 and 1.
        names: Name of each label.
    """

    task: Task
    values: NDArray[np.float64]
    names: tuple[str, ...] = ()


def read_values(labels: Any) -> ValueLabels | None:
    """Labels as numbers, or as several per sample; None if they are neither.

    Args:
        labels: Numbers with fractions; a matrix or a table of several columns of 0 and 1; or a list
            of lists of words.

    Example:
        >>> read_values([0.5, 2]).task, read_values([["a"], ["a", "b"], []]).names
        ('regression', ('a', 'b'))
    """
    if isinstance(labels, SeveralLabels):
        return ValueLabels("multilabel", labels.values.astype(np.float64), labels.names)
    if isinstance(labels, Tensor):
        labels = labels.detach().cpu().numpy()
    if is_frame(labels):
        names = tuple(str(n) for n in getattr(labels, "column_names", None) or labels.columns)
        if len(names) < 2:
            return None
        columns = [labels[name] for name in names]
        found = _ones([np.asarray(column) for column in columns])
        return None if found is None else ValueLabels("multilabel", found, names)
    if getattr(labels, "ndim", 1) == 2:
        found = _ones(list(np.asarray(labels).T))
        names = tuple(f"label {column}" for column in range(labels.shape[1]))
        return None if found is None else ValueLabels("multilabel", found, names)
    entries = _entries(labels)
    if entries and all(isinstance(entry, (list, tuple, set, frozenset)) for entry in entries):
        return _of_lists([[str(part).strip() for part in entry] for entry in entries])
    words = [entry for entry in entries if isinstance(entry, str)]
    if len(words) == len(entries):
        return _numbers(words) or (_separated(words) if "" in map(str.strip, words) else None)
    return _numbers(entries)


def _entries(labels: Any) -> list[Any]:
    for method in ("to_pylist", "tolist", "to_list"):  # pyarrow, pandas and NumPy, polars
        if hasattr(labels, method):
            return list(getattr(labels, method)())
    return list(labels)


def _ones(columns: Sequence[NDArray[Any]]) -> NDArray[np.float64] | None:
    """Columns of 0 and 1 as a matrix; None if they hold anything else."""
    try:
        values = np.stack([np.asarray(c, dtype=np.float64) for c in columns], axis=1)
    except (TypeError, ValueError):
        return None
    return values if values.shape[1] > 1 and bool(np.isin(values, (0, 1)).all()) else None


def _numbers(entries: Sequence[Any]) -> ValueLabels | None:
    """Finite real numbers, also as text; None if there is anything else."""
    if any(isinstance(entry, (complex, bool)) for entry in entries):
        return None
    with suppress(TypeError, ValueError):
        values = np.array([float(entry) for entry in entries], dtype=np.float64)
        if len(values) and bool(np.isfinite(values).all()):
            return ValueLabels("regression", values)
    return None


def _of_lists(lists: Sequence[Sequence[str]]) -> ValueLabels | None:
    names = tuple(sorted({part for parts in lists for part in parts if part}))
    if not names:
        return None
    place = {name: column for column, name in enumerate(names)}
    values = np.zeros((len(lists), len(names)))
    for row, parts in enumerate(lists):
        values[row, [place[part] for part in parts if part]] = 1
    return ValueLabels("multilabel", values, names)


def _separated(words: Sequence[str], *, sure: bool = False) -> ValueLabels | None:
    """Lists of labels in one cell; None if the parts recur no more often than the cells.

    >>> _separated(["a;b", "b", "a;b;c", "c;a"]).names
    ('a', 'b', 'c')
    >>> _separated(["Paris, France", "Lyon, France"]) is None
    True
    """
    cells = set(words)
    for separator in _SEPARATORS:
        if not any(separator in cell for cell in cells):
            continue
        parts = {part.strip() for cell in cells for part in cell.split(separator)} - {""}
        if sure or len(parts) < len(cells):
            return _of_lists([[p.strip() for p in word.split(separator)] for word in words])
    return _of_lists([[word.strip()] for word in words]) if sure else None


def as_task(data: LabeledData, task: Task | None, *, infer: bool = True) -> LabeledData:
    """Labelled data for a task; by default the one that the labels suggest, with a note.

    Args:
        data: Labelled data.
        task: What a probe is to predict; None to infer it.
        infer: Whether whole numbers and words may be something else than classes.

    Raises:
        ValueError: Labels that do not suit the task.
        TypeError: Numbers with fractions as classes.
    """
    if task is not None:
        check_choice(get_args(Task), task=task)
    if data.task != "classification":
        if task == data.task:
            return data
        if task is None:
            return replace(data, notes=(*data.notes, _inferred(data)))
        if task == "classification":
            raise (TypeError if data.task == "regression" else ValueError)(data.no_classes)
        raise ValueError(f"`task` must be {data.task} for these labels, got {task!r}")
    words = [str(name) for name in data.class_names]
    if task == "regression" or (task is None and infer and _many_numbers(words, data)):
        numbers = _numbers(words)
        if numbers is None:
            raise ValueError(
                f"`task` can be regression for numbers alone, got labels such as {words[0]!r}"
            )
        changed = _each(data, torch.from_numpy(numbers.values), "regression", ())
    elif task == "multilabel" or (task is None and infer):
        several = _separated(words, sure=task == "multilabel")
        if several is None:
            return data
        table = torch.from_numpy(several.values)
        changed = _each(data, table, "multilabel", several.names)
    else:
        return data
    return changed if task else replace(changed, notes=(*changed.notes, _inferred(changed)))


def _each(data: LabeledData, table: Tensor, task: Task, names: tuple[str, ...]) -> LabeledData:
    """Labels looked up by class."""
    return replace(
        data,
        train_labels=table[data.train_labels],
        test_labels=None if data.test_labels is None else table[data.test_labels],
        class_names=names,
        task=task,
    )


def _many_numbers(words: Sequence[str], data: LabeledData) -> bool:
    """Whether labels are numbers with fractions, or whole and too many for classes.

    Whole numbers that count from 0 or 1 without a gap are classes.
    """
    if not all(re.fullmatch(r"[+-]?[0-9]+", word) for word in words):
        found = _numbers(words)
        return found is not None and bool((found.values != found.values.round()).any())
    if len(words) <= _MANY:
        return False
    wholes = {int(word) for word in words}
    numbered = max(wholes) - min(wholes) == len(wholes) - 1 and min(wholes) in (0, 1)
    return not numbered and _PER_CLASS * len(words) > len(data.train_labels)


def _inferred(data: LabeledData) -> str:
    if data.task == "regression":
        low, high = float(data.train_labels.min()), float(data.train_labels.max())
        return f"labels are numbers from {low:g} to {high:g}: regression, as no `task` is given"
    several = float(data.train_labels.sum(dim=1).mean())
    return (
        f"{counted(len(data.class_names), 'label')}, {several:.1f} per sample"
        f" ({list_names(data.class_names)}): multilabel, as no `task` is given"
    )
