"""Read vectors and labels from files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearfar.data._array_choice import choose_arrays
from nearfar.data._array_files import ARRAY_ENDINGS, array_ending, open_array_file
from nearfar.data._files import printable
from nearfar.data.vectors._number_tables import TABLE_ENDINGS, read_numbers

__all__ = ["VectorFile", "read_vector_file"]

VECTORS = ("x", "vectors", "features", "data", "x_train")
TEST_VECTORS = ("x_test",)


@dataclass(frozen=True)
class VectorFile:
    """Vectors and labels in a file; None for each that is absent."""

    vectors: NDArray[Any]
    columns: tuple[str, ...] | None = None
    labels: NDArray[Any] | None = None
    test_vectors: NDArray[Any] | None = None
    test_labels: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()


def read_vector_file(
    path: Path,
    *,
    exclude: Sequence[str] = (),
    labels: str | None = None,
    key: str | None = None,
) -> VectorFile:
    """Read a file of arrays (:mod:`nearfar.data._array_files`) or a table.

    In a file of several arrays, the vectors are the array named ``x``, ``vectors``, ``features``,
    ``data`` or ``x_train``, or the only array with two axes; the labels are ``y``, ``labels`` or
    ``targets``; ``x_test`` with ``y_test`` are an official test set.

    Args:
        path: The file.
        exclude: Columns of a table that are not features.
        labels: Column of a table with the labels.
        key: Name of the array of vectors; chosen as described by default.

    Raises:
        TypeError: The array contains Python objects, which only unpickling could read.
        ValueError: An unsupported or damaged file, a file without vectors, or column names for a
            file without columns.
    """
    shown = printable(path.name)
    if path.name.lower().endswith(TABLE_ENDINGS):
        table = read_numbers(path, exclude=exclude, labels=labels)
        return VectorFile(table.numbers, table.columns, table.labels, notes=table.notes)
    if not array_ending(path):
        raise ValueError(
            f"{printable(str(path))} must be a file of vectors: {', '.join(ARRAY_ENDINGS)},"
            f" {', '.join(TABLE_ENDINGS)}"
        )
    if exclude or labels is not None:
        named = ", ".join(exclude) or labels
        raise ValueError(f"{shown} has no named columns, got {named}")
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
    )
