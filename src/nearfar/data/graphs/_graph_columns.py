"""Columns of edge lists and tables of nodes: delimited or blank-separated text, Parquet, JSON."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearfar.data._files import file_ending, list_names, printable
from nearfar.data._tables import TABLE_ENDINGS, read_lines, read_table

__all__ = ["TEXT_ENDINGS", "GraphColumns", "is_number", "layout_of", "read_columns"]

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".edges", ".edgelist")
_DELIMITERS = (",", "\t", ";")

_COMMA = re.compile(r"^(-?\d+),(\d+)$")  # a decimal comma

IsHeader = Callable[[Sequence[str], Sequence[str] | None], bool]


@dataclass(frozen=True)
class GraphColumns:
    """Columns of equal length.

    Attributes:
        columns: Cells of each column.
        names: Name of each column; None without a header.
        notes: Notes on skipped lines.
    """

    columns: Sequence[Sequence[Any]]
    names: tuple[str, ...] | None
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0


@dataclass(frozen=True)
class Layout:
    """How a text file separates its columns.

    Attributes:
        delimiter: Delimiter; None for blanks.
        names: The first line, if it names the columns.
        width: Number of columns.
        passed: Number of lines before the first row.
    """

    delimiter: str | None
    names: tuple[str, ...] | None
    width: int
    passed: int


def read_columns(path: Path, *, header: IsHeader) -> GraphColumns:
    """Read a table; in text files, lines that begin with ``#`` are comments.

    Args:
        path: A text file, plain or compressed, or a ``.parquet`` or ``.jsonl`` file.
        header: Whether the first line, given the second, names the columns.

    Raises:
        ValueError: The file is empty, or more than half of its lines are damaged.
    """
    if file_ending(path) not in TEXT_ENDINGS:
        if file_ending(path) not in TABLE_ENDINGS:
            others = [ending for ending in TABLE_ENDINGS if ending not in TEXT_ENDINGS]
            raise ValueError(
                f"{printable(path.name)} must be a .npy or .npz file or a table"
                f" ({' '.join((*TEXT_ENDINGS, *others))})"
            )
        table = read_table(path)
        return GraphColumns(list(table.columns.values()), tuple(table.columns), table.notes)
    layout = layout_of(path, header=header)
    rows, damaged = [], []
    for number, row in _rows(path, layout.delimiter):
        if number <= layout.passed:
            continue
        if len(row) == layout.width:
            rows.append(row)
        else:
            damaged.append(f"line {number}")
    name = printable(path.name)
    found = f"lines of {name} do not have {layout.width} entries"
    if len(damaged) > len(rows):
        raise ValueError(f"more than half of the {found}: {list_names(damaged)}")
    skipped = f"{len(damaged):,} of {len(damaged) + len(rows):,} {found} and were skipped:"
    notes = (f"{skipped} {list_names(damaged)}",) if damaged else ()
    columns = list(zip(*rows, strict=True)) or [()] * layout.width
    return GraphColumns(columns, layout.names, notes)


def layout_of(path: Path, *, header: IsHeader) -> Layout:
    """Delimiter and header of a text file.

    Raises:
        ValueError: The file is empty.
    """
    name = printable(path.name)
    first = next(((n, line) for n, line in _lines(path)), None)
    if first is None:
        raise ValueError(f"{name} contains no edges or nodes")
    number, line = first
    counts = {delimiter: line.count(delimiter) for delimiter in _DELIMITERS}
    best = max(_DELIMITERS, key=lambda delimiter: counts[delimiter])
    delimiter = best if counts[best] else None
    rows = _rows(path, delimiter)
    (_, cells), second = next(rows), next(rows, None)
    named = header(cells, None if second is None else second[1])
    if named and len(set(cells)) < len(cells):
        raise ValueError(f"columns of {name} must have distinct names, got {', '.join(cells)}")
    return Layout(delimiter, tuple(cells) if named else None, len(cells), number - (not named))


def is_number(cell: Any) -> bool:
    """Whether a cell is a number.

    >>> is_number(" 1e-3"), is_number("one"), is_number("")
    (True, False, False)
    """
    try:
        float(cell)
    except (TypeError, ValueError):
        return False
    return True


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Lines with a number, without comments and blank lines."""
    for number, line in enumerate(read_lines(path), 1):
        if line.strip() and not line.startswith("#"):
            yield number, line


def _rows(path: Path, delimiter: str | None) -> Iterator[tuple[int, list[str]]]:
    for number, line in _lines(path):
        if delimiter is None:
            yield number, line.split()
        else:
            cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
            if delimiter == ";":
                cells = [_COMMA.sub(r"\1.\2", cell) for cell in cells]
            yield number, cells
