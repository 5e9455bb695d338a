"""Read vectors and labels from files and tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearfar.data._array_choice import choose_arrays
from nearfar.data._array_files import ARRAY_ENDINGS, array_ending, open_array_file
from nearfar.data._files import counted, file_ending, list_names, printable
from nearfar.data._number_columns import NumberTable, label_column_of, label_columns_of, numbers_of
from nearfar.data._table_kind import naming_column
from nearfar.data._tables import (
    TABLE_ENDINGS,
    Reading,
    Table,
    is_frame,
    read_table,
    table_of_frame,
)
from nearfar.data.vectors._list_columns import list_column, vectors_of_lists

__all__ = ["IN_ORDER", "VectorFile", "read_vector_file"]

VECTORS = ("x", "vectors", "features", "data", "x_train")
IN_ORDER = "columns of {} have no names and are taken in the order of the run's"
TEST_VECTORS = ("x_test",)


@dataclass(frozen=True)
class VectorFile:
    """Vectors and labels in a file; None for each that is absent."""

    vectors: NDArray[Any]
    columns: tuple[str, ...] | None = None
    labels: Sequence[Any] | NDArray[Any] | None = None
    test_vectors: NDArray[Any] | None = None
    test_labels: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()
    rows: Sequence[int] | None = None
    place: str = "row"
    names: Sequence[str] | None = None


def read_vector_file(
    spec: Any,
    *,
    exclude: Sequence[str] = (),
    include: Sequence[str] = (),
    columns: Sequence[str] | None = None,
    key: str | None = None,
    labels: str | None = None,
    find_labels: bool = False,
    reading: Reading = Reading(),  # noqa: B008  (immutable)
) -> VectorFile:
    """Read a file of arrays (:mod:`nearfar.data._array_files`), or a table.

    In a file of several arrays, the vectors are the array named ``x``, ``vectors``, ``features``,
    ``data`` or ``x_train``, or the only array with two axes; the labels are ``y``, ``labels`` or
    ``targets``; ``x_test`` with ``y_test`` are an official test set.

    Args:
        spec: The file, a folder of tables, or a table of pandas, polars or pyarrow.
        exclude: Columns of a table that are not features.
        include: Columns of a table that are features although they look like row numbers or labels.
        columns: Names of the features of an earlier table.
        key: Name of the array of vectors, or of a table's column of lists; by default chosen as
            described, and a column of lists only if no column has numbers.
        labels: Column of a table with the labels.
        find_labels: Whether to look for a column that is called like labels.
        reading: How a table is read.

    Raises:
        TypeError: The array contains Python objects, which only unpickling could read.
        ValueError: An unsupported or damaged file, a file without vectors, or column names for a
            file without columns.
    """
    if is_frame(spec):
        table = table_of_frame(spec, reading)
    elif not array_ending(spec) and (spec.is_dir() or file_ending(spec) in TABLE_ENDINGS):
        table = read_table(spec, replace(reading, blanks=True))
    else:
        named = [*exclude, *include, *([] if labels is None else [labels])]
        held = _of_arrays(spec, named, key=key)
        note = (IN_ORDER.format(printable(spec.name)),) if columns else ()
        return replace(held, notes=(*held.notes, *note))
    if labels is None and find_labels:
        labels = label_column_of(table)
        others = [name for name in label_columns_of(table) if name != labels]
        if others:
            more = f"labels are column {labels!r}; others called like labels: {list_names(others)}"
            table = replace(table, notes=(*table.notes, more))
    lists = list_column(table, key=key)
    if lists is not None:
        return _of_lists(table, lists, labels)
    numbers = numbers_of(
        table,
        exclude=exclude,
        include=include,
        columns=columns,
        labels=labels,
        decimal=reading.decimal,
    )
    return _of_table(numbers, labels)


def _of_lists(table: Table, lists: str, labels: str | None) -> VectorFile:
    """The vectors in a column of lists, which have no names for their features."""
    others = [name for name in table.columns if name not in (lists, labels)]
    ignored = (f"{counted(len(others), 'column')} ignored: {list_names(others)}",) if others else ()
    return VectorFile(
        vectors_of_lists(table, lists),
        labels=None if labels is None else table.columns[labels],
        notes=(*table.notes, f"vectors are the lists in column {lists}", *ignored),
        rows=table.rows,
        place=table.place,
    )


def _of_table(held: NumberTable, labels: str | None) -> VectorFile:
    table = held.table
    naming = naming_column(table)
    named = () if naming is None else (f"rows are called by their {naming}",)
    return VectorFile(
        held.numbers,
        columns=held.columns if table.named else None,
        labels=None if labels is None else table.columns[labels],
        notes=(*held.notes, *named),
        rows=table.rows,
        place=table.place,
        names=None if naming is None else [str(cell).strip() for cell in table.columns[naming]],
    )


def _of_arrays(path: Path, named: Sequence[str], *, key: str | None) -> VectorFile:
    shown = printable(path.name)
    if not array_ending(path):
        raise ValueError(
            f"{printable(str(path))} must be a file of vectors: {', '.join(ARRAY_ENDINGS)},"
            f" {', '.join(TABLE_ENDINGS)}"
        )
    if named:
        raise ValueError(f"{shown} has no named columns, got {', '.join(named)}")
    with open_array_file(path) as file:
        found = choose_arrays(
            file, names=VECTORS, test_names=TEST_VECTORS, axes=(2,), noun="vectors", key=key
        )
    return VectorFile(
        found.values,
        labels=found.labels.get("class"),
        test_vectors=found.test_values,
        test_labels=found.test_labels.get("class"),
        notes=found.notes,
        names=found.names,
    )
