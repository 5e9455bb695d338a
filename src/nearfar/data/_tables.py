"""Tables read from files, as named columns of the readable rows."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from nearfar.checks import suggest
from nearfar.data._columnar_files import (
    COLUMNAR_ENDINGS,
    TABLE_ENDINGS,
    columns_of_frame,
    index_of,
    is_frame,
    read_columnar,
)
from nearfar.data._files import counted, file_ending, list_names, printable, shortened
from nearfar.data._omissions import Omission
from nearfar.data._separated_tables import (
    ROW_OPTIONS,
    TABLE_OPTIONS,
    Reading,
    SeparatedTable,
    read_separated,
)
from nearfar.data._text_decoding import decode_file, read_lines

__all__ = [
    "ROW_OPTIONS",
    "TABLE_ENDINGS",
    "TABLE_OPTIONS",
    "Reading",
    "Table",
    "is_frame",
    "join_tables",
    "read_lines",
    "read_table",
    "table_of_frame",
]


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes:
        name: Name of the file.
        columns: Columns by name; missing entries are None.
        rows: Line or row number of each row in the file, from 1.
        place: Unit of `rows`: ``line`` or ``row``.
        notes: Notes on guesses and on skipped lines.
        named: Whether the file names its columns.
        index: Columns that pandas stored as names of the rows.
    """

    name: str
    columns: Mapping[str, Sequence[Any]]
    rows: Sequence[int]
    place: str = "row"
    notes: tuple[str, ...] = ()
    named: bool = True
    index: tuple[str, ...] = ()

    def column(self, name: str, *, option: str = "column") -> Sequence[Any]:
        """A column by name.

        Raises:
            ValueError: No such column; the message suggests the closest name.
        """
        if name not in self.columns:
            raise ValueError(
                f"`{option}` must be a column of {self.name}, got {name!r}"
                f"{suggest(name, self.columns)}; the columns are {', '.join(self.columns)}"
            )
        return self.columns[name]

    def where(self, conditions: Mapping[str, str]) -> Table:
        """The rows with these values; the columns of the conditions are removed.

        Raises:
            ValueError: No such column, or no row with the value; the message lists the values.
        """
        if not conditions:
            return self
        kept = list(range(len(self.rows)))
        for name, wanted in conditions.items():
            column = self.column(name, option="where")
            kept_now = [row for row in kept if _as_text(column[row]) == _as_text(wanted)]
            if not kept_now:
                values = list(dict.fromkeys(shortened(column[row]) for row in kept))
                raise ValueError(
                    f"`where` must select rows of {self.name}, got {name}={wanted}; the values of"
                    f" {name} are {list_names(values)}"
                )
            kept = kept_now
        conditions_text = " and ".join(f"{name} = {value}" for name, value in conditions.items())
        note = f"{len(kept):,} of {counted(len(self.rows), 'row')} selected: {conditions_text}"
        return replace(
            self,
            columns={
                name: [column[row] for row in kept]
                for name, column in self.columns.items()
                if name not in conditions
            },
            rows=[self.rows[row] for row in kept],
            notes=(*self.notes, note),
        )


def _as_text(value: Any) -> str:
    """A value as a condition names it: ``1`` for 1.0 as well, ``true`` for truth."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value).strip()
    return text.lower() if text.lower() in ("true", "false") else text


def read_table(path: Path, reading: Reading = Reading()) -> Table:  # noqa: B008  (immutable)
    """Read a table: delimited text, JSON lines, Parquet or Arrow, or a folder of such files.

    Text files may be compressed. Encoding, delimiter, quoting and header are determined from the
    content; whatever is not evident is noted. Lines with too many or too few entries, and lines
    that are not a JSON object, are skipped and counted.

    Args:
        path: A ``.csv``, ``.tsv``, ``.jsonl``, ``.parquet``, ``.arrow``, ``.ipc`` or ``.feather``
            file, or a folder with files of one of these extensions.
        reading: Encoding, delimiter and header, where they are given; conditions on rows.

    Raises:
        ValueError: The file is empty, damaged or of an unknown encoding, or more than half of its
            lines are damaged.
    """
    return _whole(path, reading).where(reading.conditions)


def _whole(path: Path, reading: Reading) -> Table:
    if path.is_dir():
        return _joined(path, reading)
    ending = file_ending(path)
    shown = printable(path.name)
    if ending in COLUMNAR_ENDINGS:
        columns, index = read_columnar(path)
        return Table(shown, columns, range(len(next(iter(columns.values()), ()))), index=index)
    if ending == ".jsonl":
        return _read_objects(path, reading)
    return _of_separated(read_separated(path, reading), reading)


def _of_separated(read: SeparatedTable, reading: Reading) -> Table:
    if read.named and read.names and not read.rows and not read.damaged:
        held = list_names(list(read.names))
        raise ValueError(f"{read.name} is empty below the names of its columns, {held}")
    notes = read.notes + _judge(
        read.damaged,
        len(read.rows),
        name=read.name,
        what=f"do not have {counted(len(read.names), 'entry').replace('entrys', 'entries')}",
        strict=reading.strict,
    )
    columns = {name: [row[i] for row in read.rows] for i, name in enumerate(read.names)}
    return Table(read.name, columns, read.lines, "line", notes, read.named)


def _joined(folder: Path, reading: Reading) -> Table:
    """The rows of all tables in a folder, in the order of their names."""
    shown = printable(folder.name)
    files = sorted(f for f in folder.iterdir() if f.is_file() and not f.name.startswith(("_", ".")))
    endings = {file_ending(file) for file in files} & set(TABLE_ENDINGS)
    if len(endings) != 1:
        held = list_names([printable(file.name) for file in files]) or "nothing"
        raise ValueError(
            f"{shown} must contain tables of one extension ({' '.join(TABLE_ENDINGS)}), got {held}"
        )
    return join_tables(
        [_whole(file, reading) for file in files if file_ending(file) in endings], name=shown
    )


def join_tables(tables: Sequence[Table], *, name: str) -> Table:
    """The rows of several tables with the same columns.

    Raises:
        ValueError: Tables with different columns; the message names the first.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    for table in tables:
        if set(table.columns) != set(first.columns):
            raise ValueError(
                f"tables of {name} must have the same columns: {first.name} has"
                f" {list_names(list(first.columns), most=10)}, {table.name} has"
                f" {list_names(list(table.columns), most=10)}"
            )
    columns = {key: [v for t in tables for v in t.columns[key]] for key in first.columns}
    notes = dict.fromkeys(note for table in tables for note in table.notes)
    count = len(next(iter(columns.values()), ()))
    joined = f"{counted(len(tables), 'file')} joined: {list_names([t.name for t in tables])}"
    return Table(name, columns, range(count), "row", (joined, *notes), first.named, first.index)


def table_of_frame(frame: Any, reading: Reading = Reading()) -> Table:  # noqa: B008
    """A table of pandas, polars or pyarrow; missing entries of any kind are None."""
    columns = {
        name: [None if _is_nothing(value) else value for value in values]
        for name, values in columns_of_frame(frame).items()
    }
    count = len(next(iter(columns.values()), ()))
    index = index_of(frame)
    return Table("table", columns, range(count), index=index).where(reading.conditions)


def _is_nothing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, float) and math.isnan(value)


def _read_objects(path: Path, reading: Reading) -> Table:
    shown = printable(path.name)
    decoded = decode_file(path, encoding=reading.encoding)
    objects: list[dict[str, Any]] = []
    numbers, damaged = [], []
    for number, line in enumerate(decoded.text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            objects.append(value)
            numbers.append(number)
        else:
            damaged.append(f"line {number}")
    notes = decoded.notes + _judge(damaged, len(objects), name=shown, what="are not JSON objects")
    names = dict.fromkeys(key for found in objects for key in found)
    columns = {name: [found.get(name) for found in objects] for name in names}
    return Table(shown, columns, numbers, "line", notes)


def _judge(
    damaged: Sequence[str], good: int, *, name: str, what: str, strict: bool = False
) -> tuple[str, ...]:
    """A note on skipped lines; an error if they are more than half, or if none may be skipped."""
    if not damaged and not good:
        raise ValueError(f"{name} is empty")
    if not damaged:
        return ()
    found = f"{len(damaged):,} of {len(damaged) + good:,} lines of {name} {what}"
    listed = list_names(damaged)
    if strict:
        raise ValueError(f"{found}: {listed}")
    if len(damaged) > good:
        raise ValueError(f"more than half of the file is damaged: {found}: {listed}")
    return (Omission(f"{found} and were skipped: {listed}"),)
