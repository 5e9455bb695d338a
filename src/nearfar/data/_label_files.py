"""Labels from a file, in the order of the samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.checks import check_choice
from nearfar.data._array_files import ARRAY_ENDINGS, array_ending, open_array_file
from nearfar.data._files import counted, file_ending, list_names, printable
from nearfar.data._identifier_columns import ROW_NAMES
from nearfar.data._label_names import LABELS
from nearfar.data._label_values import SeveralLabels
from nearfar.data._source import Source
from nearfar.data._tables import TABLE_ENDINGS, Reading, Table, read_lines, read_table

__all__ = ["LabelFile", "column_of_file", "is_label_file", "read_labels"]

_NAMES = ROW_NAMES | {"file", "filename", "file_name", "path", "filepath", "file_path", "image"}


@dataclass(frozen=True)
class LabelFile:
    """Labels, and what else a file has on the samples.

    Attributes:
        name: Name of the file.
        values: The labels.
        others: The other columns, which may name the samples.
        notes: Notes on reading.
    """

    name: str
    values: Sequence[Any] | NDArray[Any] | SeveralLabels
    others: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def in_order_of(self, source: Source) -> tuple[Any, tuple[str, ...]]:
        """The labels in the order of the samples, by a column of names if there is one; notes.

        Raises:
            ValueError: A column names some of the samples, and not others.
        """
        names = [source.identify(int(sample)) for sample in source.samples] if self.others else []
        for column, cells in self.others.items():
            given = [str(cell).strip() for cell in cells]
            order = _order(names, given)
            if order is not None:
                return _picked(self.values, order), self._notes_on(order, column)
            known = {_base(text) for text in given}
            missing = [name for name in names if _base(name) not in known]
            if names and len(missing) < len(names):
                raise ValueError(
                    f"`labels`: the column {column!r} of {self.name} must name each sample once,"
                    f" got no single row for {len(missing):,} of {len(names):,}:"
                    f" {list_names(missing or names)}"
                )
        return self.values, self.notes

    def _notes_on(self, order: Sequence[int], column: str) -> tuple[str, ...]:
        notes = self.notes
        if list(order) != list(range(len(order))):
            notes += (f"labels of {self.name} are matched by its column {column!r}",)
        unused = len(next(iter(self.others.values()))) - len(order)
        if unused:
            notes += (f"{counted(unused, 'row')} of {self.name} without a sample",)
        return notes


def _picked(values: Any, order: Sequence[int]) -> Any:
    if isinstance(values, SeveralLabels):
        return SeveralLabels(values.values[order], values.names)
    return [values[row] for row in order]


def _base(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).name


def _stem(name: str) -> str:
    return PurePosixPath(_base(name)).stem


def _order(names: Sequence[str], given: Sequence[str]) -> list[int] | None:
    """The row of each sample, by path, by file name or by that without its extension."""
    keys: tuple[Callable[[str], str], ...] = (str, _base, _stem)
    for key in keys:
        wanted, held = list(map(key, names)), list(map(key, given))
        places = {name: row for row, name in enumerate(held)}
        distinct = len(set(wanted)) == len(wanted) and len(places) == len(held)
        if wanted and distinct and places.keys() >= set(wanted):
            return [places[name] for name in wanted]
    return None


def is_label_file(path: Path) -> bool:
    """Whether a name is that of a file that can contain labels.

    >>> is_label_file(Path("labels.csv.gz")), is_label_file(Path("species"))
    (True, False)
    """
    return file_ending(path) in (".txt", *TABLE_ENDINGS) or bool(array_ending(path))


def read_labels(path: Path) -> LabelFile:
    """Labels from a file: an array, one label per line, or a column of a table.

    In a file with several arrays or columns, the labels are the one with a common name of labels,
    or the only one that is no file name or row number.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Several arrays or columns and none with such a name.
    """
    shown = printable(path.name)
    if not path.exists():
        raise FileNotFoundError(f"`labels`: no file {printable(str(path))}")
    if array_ending(path):
        with open_array_file(path) as arrays:
            key, notes = _only(list(arrays), shown, "array")
            found = np.asarray(arrays[key])
        # in MATLAB every vector is a matrix
        flat = found.reshape(-1) if found.ndim == 2 and 1 in found.shape else found
        return LabelFile(shown, flat, notes=notes)
    ending = file_ending(path)
    if ending == ".txt":
        lines = list(read_lines(path))
        while lines and not lines[-1].strip():
            lines.pop()
        return LabelFile(shown, lines)
    if ending in TABLE_ENDINGS:
        table = _table_of_labels(path)
        several = _several(table.columns)
        if several is not None:
            others = {n: cells for n, cells in table.columns.items() if n not in several.names}
            return LabelFile(shown, several, others)
        key, notes = _only(list(table.columns), shown, "column")
        others = {name: cells for name, cells in table.columns.items() if name != key}
        return LabelFile(shown, table.columns[key], others, notes)
    endings = ", ".join((*ARRAY_ENDINGS, ".txt", *TABLE_ENDINGS))
    raise ValueError(f"`labels` must end in {endings}, got {shown}")


def column_of_file(text: str) -> LabelFile | None:
    """The labels of ``FILE:COLUMN``; None if there is no such file.

    Raises:
        ValueError: The table has no such column; the message lists its columns.
    """
    name, _, column = text.rpartition(":")
    if not name or not column:
        return None
    path = Path(name).expanduser()
    if file_ending(path) not in TABLE_ENDINGS or not path.is_file():
        return None
    table = _table_of_labels(path)
    check_choice(table.columns, labels=column)
    others = {name: cells for name, cells in table.columns.items() if name != column}
    return LabelFile(printable(path.name), table.columns[column], others)


def _table_of_labels(path: Path) -> Table:
    """A table of labels; one column of one class per line may have no name."""
    table = read_table(path)
    if len(table.columns) == 1 and table.named and table.place == "line":
        (name,) = table.columns
        if name.strip().lower() not in LABELS and name in set(table.columns[name]):
            return read_table(path, Reading(header=False))
    return table


def _several(columns: Mapping[str, Sequence[Any]]) -> SeveralLabels | None:
    """Two or more columns of 0 and 1, if all but those that name samples are of this kind."""
    if any(name.strip().lower() in LABELS for name in columns):
        return None
    free = [name for name in columns if name.strip().lower() not in _NAMES]
    free = [name for name in free if not name.lower().startswith(("unnamed:", "__index_level_"))]
    cells = [[str(cell).strip() for cell in columns[name]] for name in free]
    if len(free) < 2 or not all(set(column) <= {"0", "1", "0.0", "1.0"} for column in cells):
        return None
    values = np.array([[cell[0] for cell in column] for column in cells], dtype=np.uint8).T
    return SeveralLabels(values, tuple(free))


def _only(names: list[str], shown: str, what: str) -> tuple[str, tuple[str, ...]]:
    if len(names) == 1:
        return names[0], ()
    known = [name for name in names if name.strip().lower() in LABELS]
    if known:
        more = f"labels of {shown} are {what} {known[0]!r}; others: {list_names(known[1:])}"
        return known[0], (more,) if known[1:] else ()
    free = [name for name in names if name.strip().lower() not in _NAMES]
    free = [name for name in free if not name.lower().startswith(("unnamed:", "__index_level_"))]
    if len(free) == 1:
        return free[0], ()
    raise ValueError(
        f"`labels`: {shown} must have one {what} or one called {', '.join(LABELS[:-1])} or"
        f" {LABELS[-1]}, got {list_names(names, most=10)}"
        + (f"; {shown}:COLUMN chooses one" if what == "column" else "")
    )
