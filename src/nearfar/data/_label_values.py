"""Labels that are no classes: numbers, or several labels per sample."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._columnar_files import is_frame

__all__ = [
    "SeveralLabels",
    "Task",
    "ValueLabels",
    "read_numbers",
    "read_separated",
    "read_values",
]

Task: TypeAlias = Literal["classification", "regression", "multilabel"]
"""What a probe predicts: one class, a number, or any number of labels per sample."""

_SEPARATORS = (";", "|", ",")


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
        several = read_separated(words) if "" in map(str.strip, words) else None
        return read_numbers(words) or several
    return read_numbers(entries)


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


def read_numbers(entries: Sequence[Any]) -> ValueLabels | None:
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


def read_separated(words: Sequence[str], *, sure: bool = False) -> ValueLabels | None:
    """Lists of labels in one cell; None if the parts recur no more often than the cells.

    >>> read_separated(["a;b", "b", "a;b;c", "c;a"]).names
    ('a', 'b', 'c')
    >>> read_separated(["Paris, France", "Lyon, France"]) is None
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
