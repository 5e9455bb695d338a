"""Tables read from files, as named columns of the readable rows."""

from __future__ import annotations

import csv
import gzip
import io
import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearfar.checks import suggest
from nearfar.data._files import file_ending, list_names, printable

__all__ = ["TABLE_ENDINGS", "Table", "read_lines", "read_table"]

TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", ".parquet")


@dataclass(frozen=True)
class Table:
    """Columns of equal length.

    Attributes:
        name: Name of the file.
        columns: Columns by name; missing entries are None.
        rows: Line or row number of each row in the file, from 1.
        place: Unit of `rows`: ``line`` or ``row``.
        notes: Notes on skipped lines.
    """

    name: str
    columns: Mapping[str, Sequence[Any]]
    rows: Sequence[int]
    place: str = "row"
    notes: tuple[str, ...] = ()

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


def read_table(path: Path) -> Table:
    """Read a ``.csv``, ``.tsv`` (tab-separated, without quoting), ``.jsonl`` or ``.parquet`` file.

    The first three may be compressed (``.gz``). Column names come from the first line or the
    objects' keys. Lines with too many or too few entries, and lines that are not a JSON object, are
    skipped and counted.

    Raises:
        ValueError: The file is empty or not UTF-8, or more than half of its lines are damaged.
    """
    ending = file_ending(path)
    if ending == ".parquet":
        return _read_parquet(path)
    if ending == ".jsonl":
        return _read_objects(path)
    return _read_separated(path, "\t" if ending == ".tsv" else ",")


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a UTF-8 text file, plain or compressed, without line breaks.

    Raises:
        ValueError: A line is not UTF-8; the message gives the line and the byte.
    """
    shown = printable(path.name)
    try:
        with (
            gzip.open(path, "rb") if path.suffix.lower() == ".gz" else path.open("rb") as file,
        ):
            for number, line in enumerate(file, 1):
                if number == 1 and line[:2] in (b"\xff\xfe", b"\xfe\xff"):
                    raise ValueError(f"{shown} is UTF-16, not UTF-8: save it as UTF-8")
                try:
                    text = line.decode("utf-8-sig" if number == 1 else "utf-8")
                except UnicodeDecodeError as error:
                    raise ValueError(
                        f"{shown} is not UTF-8: byte 0x{line[error.start]:02x} at position"
                        f" {error.start} of line {number}; save the file as UTF-8"
                    ) from None
                yield text.removesuffix("\n").removesuffix("\r")
    except (gzip.BadGzipFile, EOFError) as error:
        raise ValueError(f"{shown} is damaged: {error}") from None


def _read_separated(path: Path, delimiter: str) -> Table:
    shown = printable(path.name)
    lines = (line + "\n" for line in read_lines(path))
    with _fields_of_any_length():
        reader = csv.reader(
            lines,
            delimiter=delimiter,
            quoting=csv.QUOTE_NONE if delimiter == "\t" else csv.QUOTE_MINIMAL,
        )
        header = [name.strip() for name in next(reader, [])]
        if not header:
            raise ValueError(f"{shown} is empty")
        if len(set(header)) < len(header):
            raise ValueError(f"columns of {shown} must have distinct names, got {header}")
        rows, numbers, damaged = [], [], []
        start = reader.line_num + 1
        for row in reader:
            if len(row) == len(header):
                rows.append(row)
                numbers.append(start)
            elif row:
                damaged.append(f"line {start} ({len(row)} entries)")
            start = reader.line_num + 1
    notes = _judge(damaged, len(rows), name=shown, what=f"do not have {len(header)} entries")
    columns = {name: [row[i] for row in rows] for i, name in enumerate(header)}
    return Table(shown, columns, numbers, "line", notes)


def _read_objects(path: Path) -> Table:
    shown = printable(path.name)
    objects: list[dict[str, Any]] = []
    numbers, damaged = [], []
    for number, line in enumerate(read_lines(path), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (json.JSONDecodeError, RecursionError):
            value = None
        if isinstance(value, dict):
            objects.append(value)
            numbers.append(number)
        else:
            damaged.append(f"line {number}")
    notes = _judge(damaged, len(objects), name=shown, what="are not JSON objects")
    names = dict.fromkeys(key for found in objects for key in found)
    columns = {name: [found.get(name) for found in objects] for name in names}
    return Table(shown, columns, numbers, "line", notes)


def _read_parquet(path: Path) -> Table:
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import read_table as read
    except ImportError:
        raise ImportError(
            "reading .parquet files needs pyarrow: pip install 'nearfar[parquet]'"
        ) from None
    shown = printable(path.name)
    try:
        table = read(io.BytesIO(path.read_bytes()))
    except ArrowException as error:
        raise ValueError(f"{shown} is damaged: {error}") from None
    columns = {name: table[name].to_pylist() for name in table.column_names}
    return Table(shown, columns, range(table.num_rows))


def _judge(damaged: list[str], good: int, *, name: str, what: str) -> tuple[str, ...]:
    """A note on skipped lines; an error if they are more than half."""
    if not damaged and not good:
        raise ValueError(f"{name} is empty")
    if not damaged:
        return ()
    found = f"{len(damaged):,} of {len(damaged) + good:,} lines of {name} {what}"
    listed = list_names(damaged)
    if len(damaged) > good:
        raise ValueError(f"more than half of the file is damaged: {found}: {listed}")
    return (f"{found} and were skipped: {listed}",)


@contextmanager
def _fields_of_any_length() -> Iterator[None]:
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)
