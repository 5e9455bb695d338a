"""Numeric columns and labels from `.csv`, `.tsv` and `.parquet` files."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.checks import suggest
from nearfar.data._files import counted, list_names, printable

__all__ = ["TABLE_ENDINGS", "NumberTable", "read_numbers"]

TABLE_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz", ".parquet")


@dataclass(frozen=True)
class NumberTable:
    """The numeric columns and the labels of a table.

    Attributes:
        numbers: The numeric columns as a matrix.
        columns: Names of the numeric columns.
        labels: The requested column of labels, as strings; None if not requested.
        notes: Notes on ignored columns.
    """

    numbers: NDArray[np.float64]
    columns: tuple[str, ...]
    labels: NDArray[Any] | None
    notes: tuple[str, ...]


def read_numbers(
    path: Path, *, exclude: Sequence[str] = (), labels: str | None = None
) -> NumberTable:
    """Read the numeric columns of a table.

    The first line of a `.csv` or `.tsv` file is the header unless it consists only of numbers; the
    columns are then named ``0``, ``1``, … A column that is mostly text is ignored with a note.

    Args:
        path: The file.
        exclude: Columns that are not features.
        labels: Column of the labels, which is not a feature.

    Raises:
        ImportError: pyarrow, needed for `.parquet`, is missing.
        ValueError: An unknown column, a missing or non-numeric entry in a numeric column (the
            message gives its row), no numeric column, or a damaged file.
    """
    shown = printable(path.name)
    columns = _read_parquet(path) if path.suffix.lower() == ".parquet" else _read_text(path)
    for name in (*exclude, *(() if labels is None else (labels,))):
        if name not in columns:
            raise ValueError(
                f"{shown} has no column {name!r}{suggest(name, columns)};"
                f" it has {list_names(list(columns), most=20)}"
            )
    numbers: dict[str, NDArray[np.float64]] = {}
    words: list[str] = []
    for name, cells in columns.items():
        if name in exclude or name == labels:
            continue
        values = [_number(cell) for cell in cells]
        missing = [row for row, value in enumerate(values) if value is None]
        if 2 * len(missing) > len(values):
            words.append(name)
        elif missing:
            raise ValueError(
                f"{shown}: column {name} must contain a number in each row, got"
                f" {cells[missing[0]]!r} in row {missing[0]}"
                + (f" ({len(missing):,} such rows)" if len(missing) > 1 else "")
            )
        else:
            numbers[name] = np.asarray(values, dtype=np.float64)
    if not numbers:
        raise ValueError(f"{shown} has no numeric column")
    left_out = f"{counted(len(words), 'non-numeric column')} ignored: {list_names(words)}"
    return NumberTable(
        numbers=np.stack(list(numbers.values()), axis=1),
        columns=tuple(numbers),
        labels=None if labels is None else np.asarray([str(cell) for cell in columns[labels]]),
        notes=(left_out,) if words else (),
    )


def _number(cell: Any) -> float | None:
    """The number in a cell; None for text and for an empty cell."""
    if cell is None:
        return None
    try:
        return float(cell)
    except (TypeError, ValueError):
        return None


def _read_text(path: Path) -> dict[str, list[Any]]:
    shown = printable(path.name)
    tabs = ".tsv" in [suffix.lower() for suffix in path.suffixes[-2:]]
    try:
        if path.suffix.lower() == ".gz":
            text = gzip.decompress(path.read_bytes()).decode("utf-8-sig")
        else:
            text = path.read_text("utf-8-sig")
    except (UnicodeDecodeError, OSError, EOFError) as error:
        raise ValueError(f"{shown} cannot be read: {error}") from None
    rows = [row for row in csv.reader(text.splitlines(), delimiter="\t" if tabs else ",") if row]
    if not rows:
        raise ValueError(f"{shown} is empty")
    named = any(_number(cell) is None for cell in rows[0])
    names = rows[0] if named else [str(column) for column in range(len(rows[0]))]
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"{shown} must have distinct column names, got {twice!r} twice")
    body = rows[1:] if named else rows
    for row, cells in enumerate(body):
        if len(cells) != len(names):
            raise ValueError(
                f"{shown}: row {row} must have {counted(len(names), 'cell')}, got {len(cells)}"
            )
    return {name: [cells[column] for cells in body] for column, name in enumerate(names)}


def _read_parquet(path: Path) -> dict[str, list[Any]]:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError:
        raise ImportError(
            f"{printable(path.name)} needs pyarrow: pip install 'nearfar[parquet]'"
        ) from None
    try:
        table = parquet.read_table(path)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{printable(path.name)} cannot be read: {error}") from None
    return {name: table.column(name).to_pylist() for name in table.column_names}
