"""Vectors in one column of a table, each as a list of numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.checks import suggest
from nearfar.data._files import list_names
from nearfar.data._label_names import LABELS
from nearfar.data._tables import Table

__all__ = ["list_column", "vectors_of_lists"]


def list_column(table: Table, *, key: str | None = None) -> str | None:
    """The column of lists of numbers that is given, or that a table without other numbers has.

    Args:
        table: The table.
        key: Name of the column.

    Raises:
        ValueError: `key` is no column of lists, or several columns are.
    """
    found = [name for name, cells in table.columns.items() if _has_lists(cells)]
    if key is not None:
        if key not in found:
            raise ValueError(
                f"`key` must be a column of lists of numbers in {table.name},"
                f" got {key!r}{suggest(key, found)}; it has {list_names(found) or 'none'}"
            )
        return key
    features = [name for name in table.columns if name.strip().lower() not in LABELS]
    if not found or any(_has_numbers(table.columns[name]) for name in features):
        return None
    if len(found) > 1:
        raise ValueError(
            f"the vectors in {table.name} are ambiguous: columns with lists of numbers are"
            f" {list_names(found)}; choose one with `key`"
        )
    return found[0]


def vectors_of_lists(table: Table, name: str) -> NDArray[Any]:
    """A column of lists as a matrix.

    Raises:
        ValueError: A missing list, lists of different lengths, or a cell that is no number; the
            message names the row.
    """
    cells = table.columns[name]
    width = len(next(cell for cell in cells if _is_list(cell)))
    for place, cell in zip(table.rows, cells, strict=True):
        if not _is_list(cell) or len(cell) != width:
            got = len(cell) if _is_list(cell) else repr(cell)
            raise ValueError(
                f"{table.name}: lists of column {name} must have {width} numbers, got {got} in"
                f" {table.place} {place}"
            )
    try:
        matrix = np.asarray([list(cell) for cell in cells])
    except ValueError:
        matrix = np.asarray(None)
    if matrix.ndim != 2 or matrix.dtype.kind not in "biuf":
        raise ValueError(f"{table.name}: lists of column {name} must contain only numbers")
    return matrix


def _has_lists(cells: Sequence[Any]) -> bool:
    first = next((cell for cell in cells if cell is not None), None)
    if first is None or not _is_list(first) or not len(first):
        return False
    return isinstance(first[0], (int, float, np.number))


def _has_numbers(cells: Sequence[Any]) -> bool:
    first = next((cell for cell in cells if cell is not None), None)
    return isinstance(first, (int, float, np.number))


def _is_list(cell: Any) -> bool:
    return isinstance(cell, (list, tuple)) or (isinstance(cell, np.ndarray) and cell.ndim == 1)
