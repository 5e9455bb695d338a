"""Read vectors and labels from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearfar.data._files import printable
from nearfar.data._labeled_data import LABELS, TEST_LABELS
from nearfar.data._numpy_files import map_array, open_arrays
from nearfar.data.vectors._number_tables import TABLE_ENDINGS, read_numbers

__all__ = ["VectorFile", "read_vector_file"]

VECTORS = ("x", "X", "vectors", "features", "data", "x_train", "X_train")
TEST_VECTORS = ("x_test", "X_test")


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
    path: Path, *, exclude: Sequence[str] = (), labels: str | None = None
) -> VectorFile:
    """Read a `.npy` file (memory-mapped), a `.npz` file or a table.

    In a `.npz` file, the vectors are the array named ``x``, ``X``, ``vectors``, ``features``,
    ``data`` or ``x_train``, or the only array with two axes; the labels are ``y``, ``labels`` or
    ``targets``; ``x_test`` with ``y_test`` are an official test set.

    Args:
        path: The file.
        exclude: Columns of a table that are not features.
        labels: Column of a table with the labels.

    Raises:
        TypeError: The array contains Python objects, which only unpickling could read.
        ValueError: An unsupported or damaged file, a file without vectors, or column names for a
            file without columns.
    """
    shown = printable(path.name)
    if path.name.lower().endswith(TABLE_ENDINGS):
        table = read_numbers(path, exclude=exclude, labels=labels)
        return VectorFile(table.numbers, table.columns, table.labels, notes=table.notes)
    if path.suffix.lower() not in (".npy", ".npz"):
        raise ValueError(
            f"{printable(str(path))} must be a file of vectors: .npy, .npz,"
            f" {', '.join(TABLE_ENDINGS)}"
        )
    if exclude or labels is not None:
        named = ", ".join(exclude) or labels
        raise ValueError(f"{shown} has no named columns, got {named}")
    if path.suffix.lower() == ".npy":
        return VectorFile(map_array(path))
    with open_arrays(path) as arrays:
        return _choose(arrays, shown)


def _choose(arrays: Mapping[str, Any], shown: str) -> VectorFile:
    def first(names: tuple[str, ...]) -> NDArray[Any] | None:
        return next((arrays[known] for known in names if known in arrays), None)

    vectors = first(VECTORS)
    if vectors is None:
        held = {key: arrays[key] for key in arrays}
        fitting = [key for key, a in held.items() if a.ndim == 2 and a.dtype.kind in "buif"]
        if len(fitting) != 1:
            listed = ", ".join(f"{key} ({a.dtype} {a.shape})" for key, a in held.items())
            raise ValueError(
                f"the array of vectors in {shown} is ambiguous: name it x;"
                f" the file contains {listed or 'nothing'}"
            )
        vectors = held[fitting[0]]
    return VectorFile(
        vectors,
        labels=first(LABELS),
        test_vectors=first(TEST_VECTORS),
        test_labels=first(TEST_LABELS),
    )
