"""Columns of edge lists and tables of nodes: delimited or blank-separated text, Parquet, JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from nearfar.data._files import file_ending, printable
from nearfar.data._separated_rows import fields_of_any_length, parse_rows
from nearfar.data._separated_tables import IsHeader, without_comments
from nearfar.data._table_layout import find_layout
from nearfar.data._tables import TABLE_ENDINGS, Reading, read_lines, read_table

__all__ = ["TEXT_ENDINGS", "GraphColumns", "is_number", "layout_of", "read_columns"]

TEXT_ENDINGS = (".csv", ".tsv", ".txt", ".edges", ".edgelist")
_LOOKED_AT = 1_000  # lines


@dataclass(frozen=True)
class GraphColumns:
    """Columns of equal length.

    Attributes:
        columns: Cells of each column.
        names: Name of each column; None without a header.
        notes: Notes on skipped lines.
        index: Names of the columns that pandas stored as its index.
    """

    columns: Sequence[Sequence[Any]]
    names: tuple[str, ...] | None
    notes: tuple[str, ...] = ()
    index: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0


@dataclass(frozen=True)
class Beginning:
    """What the first lines of a text file show.

    Attributes:
        delimiter: Delimiter; None for blanks.
        names: The first line, if it names the columns.
        width: Number of columns.
        passed: Number of lines before the first row.
        empty: Whether there is no row.
    """

    delimiter: str | None
    names: tuple[str, ...] | None
    width: int
    passed: int
    empty: bool = False


def read_columns(path: Path, *, header: IsHeader) -> GraphColumns:
    """Read a table; in text files, lines that begin with ``#`` are comments.

    Args:
        path: A text file, plain or compressed, or a ``.parquet``, ``.arrow`` or ``.jsonl`` file.
        header: Whether the first of all rows names the columns.

    Raises:
        ValueError: The file is empty, or more than half of its lines are damaged.
    """
    if file_ending(path) not in (*TEXT_ENDINGS, *TABLE_ENDINGS):
        others = [ending for ending in TABLE_ENDINGS if ending not in TEXT_ENDINGS]
        raise ValueError(
            f"{printable(path.name)} must be a .npy or .npz file or a table"
            f" ({' '.join((*TEXT_ENDINGS, *others))})"
        )
    table = read_table(path, Reading(comments=True, is_header=header))
    names = tuple(table.columns) if table.named else None
    return GraphColumns(list(table.columns.values()), names, table.notes, table.index)


def layout_of(path: Path, *, header: IsHeader) -> Beginning:
    """Delimiter and header of a text file.

    Raises:
        ValueError: The file is empty.
    """
    lines = without_comments([f"{line}\n" for line in islice(read_lines(path), _LOOKED_AT)])
    expected = "\t" if file_ending(path) == ".tsv" else ","
    with fields_of_any_length():
        layout = find_layout(lines, expected=expected, blanks=True, words=True)
        rows = parse_rows(lines, layout)
    if not rows:
        raise ValueError(f"{printable(path.name)} contains no edges or nodes")
    first = rows[0]
    named = header([row.cells for row in rows])
    cells = [cell.strip() for cell in first.cells]
    if named and len(set(cells)) < len(cells):
        raise ValueError(
            f"columns of {printable(path.name)} must have distinct names, got {', '.join(cells)}"
        )
    return Beginning(
        None if layout.delimiter == " " else layout.delimiter,
        tuple(cells) if named else None,
        len(cells),
        first.line - (not named),
        empty=len(rows) <= named,
    )


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
