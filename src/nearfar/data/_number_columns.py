"""The numeric columns of a table as a matrix, and the columns that are no features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar._audience import given
from nearfar.checks import suggest
from nearfar.data._files import counted, list_names, shortened
from nearfar.data._identifier_columns import (
    ROW_NAMES,
    distinct_wholes,
    identifying,
    spread_lists,
)
from nearfar.data._label_names import LABELS
from nearfar.data._number_cells import (
    decimal_comma,
    is_decimal_comma,
    is_missing,
    is_rounded,
    is_thousands,
    number,
    plain_numbers,
)
from nearfar.data._table_kind import text_columns
from nearfar.data._tables import Table

__all__ = ["NumberTable", "comma_in", "label_column_of", "label_columns_of", "numbers_of"]

SHOWN = 20  # names in a message


@dataclass(frozen=True)
class NumberTable:
    """The numeric columns of a table.

    Attributes:
        numbers: Rows × columns, in double precision.
        columns: Name of each column.
        table: The table they come from.
        notes: Notes on reading, and on columns that are left out, converted or reordered.
    """

    numbers: NDArray[np.float64]
    columns: tuple[str, ...]
    table: Table
    notes: tuple[str, ...]


def numbers_of(
    table: Table,
    *,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    columns: Sequence[str] | None = None,
    labels: str | None = None,
    decimal: str | None = None,
) -> NumberTable:
    """The numeric columns of a table.

    Columns of text are left out, as are row numbers and columns that are called like labels; notes
    name them.

    Args:
        table: The table.
        exclude: Columns that are not features.
        include: Columns that are features although they look like row numbers or labels.
        columns: Names of the features and their order, as in an earlier table, whose other columns
            are left out; empty if its features had no names.
        labels: Column of labels, which is not a feature.
        decimal: Decimal mark, a point or a comma; by default a point.

    Raises:
        ValueError: An unknown column, a missing or non-numeric entry in a numeric column (the
            message gives its row), a number that would be rounded, no numeric column, or decimal
            commas without `decimal`.
    """
    wanted = () if columns else (*exclude, *include)  # the columns of an earlier table suffice
    for name in (*wanted, *(() if labels is None else (labels,))):
        if name not in table.columns:
            raise ValueError(
                f"{table.name} has no column {name!r}{suggest(name, table.columns)};"
                f" it has {list_names(list(table.columns), most=SHOWN)}"
            )
    left = {*wanted} - {*include} | {labels} - {*(columns or ())}
    own = {name: cells for name, cells in table.columns.items() if name not in left}
    own, spread = spread_lists(own, table.name)
    notes = [*table.notes, *spread]
    mark = decimal or "."
    if decimal is None and (comma := comma_in(own)):
        raise ValueError(
            f"numbers of {table.name} seem to have a decimal comma, such as {comma}: set"
            " `decimal`=',' if so, else `decimal`='.'"
        )
    if columns:
        own, remarks = _ordered(own, columns, table)
        notes += remarks
        numbers = {name: _numbers(table, name, cells, mark) for name, cells in own.items()}
    else:
        numbers, remarks = _features(table, own, include, mark, decimal)
        notes += remarks
        if columns is not None and table.named:
            notes.append(
                f"features of {table.name} are taken by position, as those of the run have no names"
            )
    if not numbers:
        why = "; ".join(remarks)
        raise ValueError(f"{table.name} has no numeric column" + (f": {why}" if why else ""))
    return NumberTable(
        numbers=np.stack(list(numbers.values()), axis=1),
        columns=tuple(numbers),
        table=table,
        notes=tuple(notes),
    )


def comma_in(own: Mapping[str, Any]) -> str | None:
    """The first number with a decimal comma, if no number has a point."""
    texts = [cells for cells in own.values() if any(isinstance(c, str) and "," in c for c in cells)]
    if not texts:
        return None
    others = (c for cells in own.values() for c in cells if isinstance(c, str) and "." in c)
    return decimal_comma([*(c for cells in texts for c in cells), *others])


def _features(
    table: Table,
    own: dict[str, Any],
    include: Sequence[str],
    mark: str,
    decimal: str | None,
) -> tuple[dict[str, NDArray[np.float64]], list[str]]:
    """The features among the columns, and notes on the others."""
    numbers: dict[str, NDArray[np.float64]] = {}
    left: dict[str, list[str]] = {kind: [] for kind, _ in _KINDS}
    for name, cells in own.items():
        kind = None if name in include or len(own) < 2 else _identifies(table, name, cells)
        if kind is not None:
            left[kind].append(name)
            continue
        plain = plain_numbers(cells) if mark == "." and not _is_label(name, own) else None
        if plain is not None:
            first = name == next(iter(table.columns)) and len(own) > 1
            rows = name not in include and _counts_rows(name, plain, first=first)
            if rows:
                left["rows"].append(name)
            else:
                numbers[name] = plain
            continue
        known = [cell for cell in cells if not is_missing(cell)]
        commas = [cell for cell in known if is_decimal_comma(cell)]
        if mark == "." and 2 * len(commas) > len(known) and decimal is None:
            raise ValueError(
                f"{table.name}: column {name} has decimal commas, such as {commas[0]}, and other"
                " columns have points: set `decimal`='.' to leave it out, or save one mark"
            )
        parsed = sum(number(cell, mark) is not None for cell in known)
        grouped = sum(is_thousands(cell) for cell in known)
        if name not in include:
            texts = 2 * parsed <= len(known) and 2 * (parsed + grouped) <= len(known)
            empty = 2 * len(known) < len(cells)
            if empty or texts or _is_label(name, own):
                labels = _is_label(name, own)
                why = ("classes" if texts else "labels") if labels else "text"
                left["empty" if empty else why].append(name)
                continue
        numbers[name] = _numbers(table, name, cells, mark, spare=len(own) > 1)
        first = name == next(iter(table.columns)) and len(own) > 1
        if name not in include and _counts_rows(name, numbers[name], first=first):
            left["rows"].append(name)
            del numbers[name]
        elif any(isinstance(cell, str) and cell.strip().lower() in _TRUTH for cell in known):
            left["truth"].append(name)
    notes = list(_left_out(left, numbers))
    read = text_columns(replace(table, columns={name: own[name] for name in left["text"]}))
    if read:
        more = f"texts of {table.name} are not read: {list_names(read)}"
        notes.append(f"{more}; {given(column=read[0])} reads those of {read[0]}")
    return numbers, notes


def _identifies(table: Table, name: str, cells: Any) -> str | None:
    """Why a column is no feature but names the rows, if so."""
    if name in table.index and not name.startswith("__index_level_"):
        return "index"
    return identifying(name, cells, first=name == next(iter(table.columns)))


_TRUTH = ("true", "false")
_KINDS = (
    ("text", "{} ignored: {}"),
    ("empty", "{} ignored, as most entries are missing: {}"),
    ("rows", "{} left out as row numbers: {}; `include` keeps them"),
    ("index", "{} left out as the table's index: {}; `include` keeps them"),
    ("ids", "{} left out as identifiers: {}; `include` keeps them"),
    ("labels", "{} left out as labels: {}; `include` keeps them"),
    ("classes", "{} left out as labels: {}"),
    ("truth", "{} of true and false read as 1 and 0: {}"),
)


def _left_out(left: dict[str, list[str]], numbers: dict[str, NDArray[np.float64]]) -> Iterator[str]:
    for kind, text in _KINDS:
        if left[kind]:
            noun = "non-numeric column" if kind == "text" else "column"
            yield text.format(counted(len(left[kind]), noun), list_names(left[kind]))
    counting = [
        name for name, values in numbers.items() if len(values) > 2 and _consecutive(values)
    ]
    if counting:
        yield (
            f"{counted(len(counting), 'feature')} counting the rows: {list_names(counting)};"
            " `exclude` leaves them out"
        )
    different = distinct_wholes({n: v for n, v in numbers.items() if n not in counting})
    if different:
        yield (
            f"{counted(len(different), 'feature')} with a different whole number in each row:"
            f" {list_names(different)}; `exclude` leaves out identifiers"
        )


def label_column_of(table: Table) -> str | None:
    """The column that is called like labels, if there is one.

    >>> label_column_of(Table("t", {"x": [1], "y": [2]}, [1])) is None
    True
    """
    return next(iter(label_columns_of(table)), None)


def label_columns_of(table: Table) -> list[str]:
    """All columns that are called like labels."""
    own = dict(table.columns)
    return [name for name in own if _is_label(name, own)]


def _is_label(name: str, own: dict[str, Any]) -> bool:
    lower = {other.strip().lower() for other in own}
    bare = name.strip().lower()
    if bare == "y":  # may be a coordinate
        return not lower & {"x", "z"}
    return bare in LABELS


def _counts_rows(name: str, values: NDArray[np.float64], *, first: bool) -> bool:
    """Whether a column numbers the rows.

    Such are distinct whole numbers without a name, an index that counts from 0 or 1, and a first
    column that does.
    """
    bare = name.strip().lower()
    if bare.startswith("unnamed:") or bare.startswith("__index_level_"):
        return len(np.unique(values)) == len(values) and bool((values == values.round()).all())
    if len(values) < 3:
        return bare in ROW_NAMES
    return _consecutive(values) and (first or bare in ROW_NAMES)


def _consecutive(values: NDArray[np.float64]) -> bool:
    return values[0] in (0, 1) and bool((np.diff(values) == 1).all())


def _ordered(
    own: dict[str, Any], columns: Sequence[str], table: Table
) -> tuple[dict[str, Any], list[str]]:
    """The columns of an earlier table, in its order, and notes on differences."""
    missing = [name for name in columns if name not in own]
    others = [name for name in own if name not in columns]
    if missing and not table.named and len(own) == len(columns):
        note = f"columns of {table.name} have no names and are taken in the order of the run's"
        return dict(zip(columns, own.values(), strict=True)), [note]
    if missing:
        raise ValueError(
            f"{table.name} must have the {counted(len(columns), 'column')}"
            f" {list_names(list(columns), most=SHOWN)}; it lacks"
            f" {list_names(missing, most=SHOWN)} and has {list_names(others, most=SHOWN) or 'no'}"
            f"{' as' if others else ''} other columns"
        )
    notes = []
    if others:
        notes.append(
            f"{counted(len(others), 'further column')} of {table.name} ignored:"
            f" {list_names(others)}"
        )
    if [name for name in own if name in columns] != list(columns):
        notes.append(f"columns of {table.name} reordered by name, as in the run")
    return {name: own[name] for name in columns}, notes


def _shown(cell: Any) -> str:
    return repr(cell) if cell is None or isinstance(cell, float) else repr(shortened(cell))


def _numbers(
    table: Table, name: str, cells: Any, mark: str, *, spare: bool = False
) -> NDArray[np.float64]:
    """A column as numbers.

    Args:
        table: The table.
        name: Name of the column.
        cells: The column.
        mark: Decimal mark.
        spare: Whether the column can be left out.

    Raises:
        ValueError: A cell without a number; the message gives its row.
    """
    plain = plain_numbers(cells) if mark == "." else None
    if plain is not None:
        return plain
    values = [number(cell, mark) for cell in cells]
    bad = [row for row, value in enumerate(values) if value is None]
    if bad:
        more = f" ({len(bad):,} such rows)" if len(bad) > 1 else ""
        at = f"{_shown(cells[bad[0]])} in row {bad[0]}{more}"
        if any(is_thousands(cells[row]) for row in bad):
            raise ValueError(
                f"{table.name}: column {name} must contain numbers without separators of thousands,"
                f" got {at}; `decimal`=',' reads commas as decimal marks"
            )
        instead = f"; {given(exclude=name)} leaves the column out" if spare else ""
        raise ValueError(
            f"{table.name}: column {name} must contain a number in each row, got {at}{instead}"
        )
    rounded = [row for row, cell in enumerate(cells) if is_rounded(cell)]
    if rounded:
        more = f" ({len(rounded):,} such rows)" if len(rounded) > 1 else ""
        at = f"{shortened(cells[rounded[0]])} in row {rounded[0]}{more}"
        raise ValueError(
            f"{table.name}: column {name} has whole numbers above 2^53, which double precision"
            f" rounds: {at}; leave out numbers that are names with `exclude`"
        )
    return np.asarray(values, dtype=np.float64)
