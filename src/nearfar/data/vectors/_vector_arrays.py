"""Vectors in one array, in memory or memory-mapped from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._files import counted, list_names
from nearfar.data._source import Batch, Source, check_positions
from nearfar.data._sparse_rows import SparseRows

__all__ = ["VectorSource"]

CHUNK = 1 << 26  # bytes read per chunk
EXACT = 1 << 53  # whole numbers up to here have double precision


@final
class VectorSource(Source):
    """Vectors in an N×D array, with one sample per row and one feature per column.

    Double precision is kept until views standardise the data, so that small differences between
    large numbers are not lost; integers and booleans are also converted to double precision.

    Args:
        array: The vectors; of a memory map only the requested rows are read, and of a sparse matrix
            only they are made dense.
        name: Short name.
        columns: Name of each feature; by default ``0``, ``1``, …
        notes: Notes on the array for the user.
        rows: Line or row number of each vector in its file; by default 0, 1, 2 …
        place: Unit of `rows`: ``row`` or ``line``.
        names: Name of each vector, instead of its row.

    Attributes:
        dim: Number of features.
        columns: Name of each feature.
        named: Whether the features have names of their own.

    Raises:
        TypeError: The array contains objects, text or complex numbers.
        ValueError: A shape other than N×D, no rows or columns, a non-finite value, or a whole
            number that double precision rounds; the message gives its row and column.

    Example:
        >>> source = VectorSource(np.eye(4), name="corners")
        >>> source, source.read([0, 2]).inputs[1].tolist()
        (<corners: 4 vectors of 4 features>, [0.0, 0.0, 1.0, 0.0])
    """

    modality: ClassVar = "vectors"

    def __init__(
        self,
        array: NDArray[Any] | SparseRows,
        *,
        name: str,
        columns: Sequence[str] | None = None,
        notes: tuple[str, ...] = (),
        rows: Sequence[int] | None = None,
        place: str = "row",
        names: Sequence[str] | None = None,
    ) -> None:
        self.name = name
        self.named = columns is not None
        self._rows, self._place, self._names = rows, place, names
        _check_shape(array)
        self._array = array
        self.dim = int(array.shape[1])
        self.columns = tuple(map(str, range(self.dim) if columns is None else columns))
        if len(self.columns) != self.dim:
            raise ValueError(
                f"`columns` must name each of the {self.dim} columns, got {len(self.columns)} names"
            )
        constant = self._look()
        if constant and len(array) > 1:
            named = list_names([self.columns[c] for c in constant])
            notes = (*notes, f"{counted(len(constant), 'constant column')}: {named}")
        self._notes = notes

    def __len__(self) -> int:
        return len(self._array)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        return Batch(torch.from_numpy(_numbers(self._array[index.numpy()])), index)

    def identify(self, sample: int) -> str:
        if self._names is not None:
            return self._names[sample]
        return f"{self._place} {sample if self._rows is None else self._rows[sample]}"

    def describe(self) -> str:
        return f"{counted(len(self), 'vector')} of {counted(self.dim, 'feature')}"

    @property
    def in_memory(self) -> bool:
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        return self._notes

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=8)
        digest.update(f"{self._array.shape} {self._array.dtype.str}".encode())
        rows = max(1, CHUNK // self._array[:1].nbytes)
        picked = np.unique(np.linspace(0, len(self) - 1, min(rows, len(self))).astype(np.int64))
        digest.update(np.ascontiguousarray(self._array[picked]).tobytes())
        return digest.hexdigest()

    def _look(self) -> list[int]:
        """Find the constant columns, and check in the same pass that all values are finite."""
        first = _numbers(self._array[:1])
        constant = np.ones(self.dim, dtype=bool)
        rows = max(1, CHUNK // first.nbytes)
        for start in range(0, len(self), rows):
            held = self._array[start : start + rows]
            chunk = _numbers(held)
            self._check_exact(held, chunk, start)
            broken = np.argwhere(~np.isfinite(chunk))
            if len(broken):
                row, column = broken[0]
                bad_rows = len(np.unique(broken[:, 0]))
                raise ValueError(
                    f"{self.name}: values must be finite, got {chunk[row, column]} in row"
                    f" {start + row}, column {self.columns[column]}"
                    + (f" ({bad_rows:,} such rows)" if bad_rows > 1 else "")
                )
            constant &= (chunk == first).all(axis=0)
        return [int(column) for column in np.flatnonzero(constant)]

    def _check_exact(self, held: NDArray[Any], chunk: NDArray[Any], start: int) -> None:
        """Check that whole numbers have double-precision equals."""
        if held.dtype.kind not in "iu" or held.dtype.itemsize < 8:
            return
        large = (held > EXACT) | (held < -EXACT if held.dtype.kind == "i" else False)
        for row, column in np.argwhere(large):
            if int(chunk[row, column]) != int(held[row, column]):
                raise ValueError(
                    f"{self.name}: whole numbers above 2^53 are rounded by double precision, got"
                    f" {held[row, column]} in row {start + row}, column {self.columns[column]}:"
                    " leave the column out, or subtract its minimum"
                )


def _check_shape(array: NDArray[Any] | SparseRows) -> None:
    shape_text = "×".join(map(str, array.shape)) or "()"
    if array.dtype.kind not in "biuf":
        raise TypeError(f"vectors must be real numbers, got {array.dtype}")
    if array.ndim != 2:
        raise ValueError(f"vectors must be N×D, got shape {shape_text}")
    if 0 in array.shape:
        raise ValueError(f"vectors must not be empty, got an array of shape {shape_text}")


def _numbers(rows: NDArray[Any]) -> NDArray[Any]:
    """In single precision what was single or half, in double precision everything else."""
    kind = np.float32 if rows.dtype.kind == "f" and rows.itemsize <= 4 else np.float64
    return np.ascontiguousarray(rows, dtype=kind)
