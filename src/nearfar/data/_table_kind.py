"""Whether a table holds numbers or texts, from its first rows."""

from __future__ import annotations

import tempfile
from itertools import islice
from pathlib import Path
from typing import Any

from nearfar.data._class_labels import LABELS
from nearfar.data._columnar_files import COLUMNAR_ENDINGS, read_columnar
from nearfar.data._files import COMPRESSED, file_ending
from nearfar.data._identifier_columns import called_identifier, spread_lists
from nearfar.data._number_cells import is_missing, number
from nearfar.data._tables import TABLE_ENDINGS, Reading, Table, is_frame, read_table, table_of_frame

__all__ = ["beginning_of", "holds_numbers", "number_columns"]

ROWS = 200
BYTES = 1 << 20
WORDS = 3  # in a text, on average
UNBROKEN = 20  # characters of a text without blanks
TEXTS = frozenset(("text", "texts", "sentence", "review", "comment", "tweet", "title", "document"))


def beginning_of(spec: Any) -> Table | None:
    """The first rows of a table; None if it is no table, or damaged."""
    if is_frame(spec):
        rows = spec.slice(0, ROWS) if hasattr(spec, "slice") else spec.iloc[:ROWS]
        return _tried(lambda: table_of_frame(rows))
    if not isinstance(spec, Path):
        return None
    path = spec
    if path.is_dir():
        files = sorted(f for f in path.iterdir() if not f.name.startswith(("_", ".")))
        path = next((f for f in files if file_ending(f) in TABLE_ENDINGS), path)
    if not path.is_file() or file_ending(path) not in TABLE_ENDINGS:
        return None
    return _tried(lambda: _first_rows(path))


def _tried(read: Any) -> Table | None:
    try:
        found: Table = read()
    except (ImportError, OSError, TypeError, ValueError):
        return None  # opening reports it
    return found


def _first_rows(path: Path) -> Table:
    if file_ending(path) in COLUMNAR_ENDINGS:
        columns, index = read_columnar(path, rows=ROWS)
        return Table(path.name, columns, range(len(next(iter(columns.values()), ()))), index=index)
    reading = Reading(blanks=True)
    if path.suffix.lower() in COMPRESSED or path.stat().st_size <= BYTES:
        return read_table(path, reading)
    with path.open("rb") as file, tempfile.TemporaryDirectory() as folder:
        head = Path(folder) / path.name
        kept = file.read(BYTES)
        cut = kept.rfind(b"\n", 0, len(kept) - 4) + 1 or len(kept)
        head.write_bytes(kept[: cut + (cut % 2 and b"\0" in kept[:8])])  # two bytes in UTF-16
        return read_table(head, reading)


def number_columns(table: Table) -> list[str]:
    """Columns of numbers, or of lists of them, that are neither labels nor identifiers."""
    return [
        name
        for name, cells in spread_lists(table.columns, table.name)[0].items()
        if name.strip().lower() not in LABELS
        and not called_identifier(name)
        and not name.startswith(("Unnamed:", "__index_level_"))
        and _are_numbers(cells)
    ]


def _are_numbers(cells: Any) -> bool:
    known = [cell for cell in islice(cells, ROWS) if not is_missing(cell)]
    found = sum(number(c) is not None or number(c, ",") is not None for c in known)
    return bool(known) and found >= 0.95 * len(known)


def _is_text(name: str, cells: Any) -> bool:
    """Whether a column holds texts rather than names of categories."""
    known = [cell for cell in islice(cells, ROWS) if isinstance(cell, str) and cell.strip()]
    if not known or all(number(cell) is not None for cell in known):
        return False
    if name.strip().lower() in TEXTS:
        return True
    if 4 * len(set(known)) <= len(known):
        return False
    words = sum(len(cell.split()) for cell in known) / len(known)
    unbroken = sum(len(cell) / len(cell.split()) for cell in known) / len(known)
    return words >= WORDS or unbroken >= UNBROKEN


def holds_numbers(table: Table) -> bool:
    """Whether a table has columns of numbers and no column of texts.

    >>> holds_numbers(Table("t", {"x": ["1.5"], "kind": ["setosa"]}, [1]))
    True
    >>> holds_numbers(Table("t", {"stars": ["1"], "review": ["I did like it"]}, [1]))
    False
    """
    try:
        numbers = number_columns(table)
    except ValueError:  # lists of different lengths
        return False
    return bool(numbers) and not any(_is_text(name, c) for name, c in table.columns.items())
