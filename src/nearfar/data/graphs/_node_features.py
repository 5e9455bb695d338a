"""Node features: dense in memory, memory-mapped from a file, or sparse."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Float32
from numpy.typing import NDArray
from torch import Tensor

from nearfar._deprecation import renamed_arguments

__all__ = ["NodeFeatures"]

CHUNK = 1 << 26  # bytes read per chunk
CSR = ("x_indptr", "x_indices", "x_data", "x_shape")


@final
class NodeFeatures:
    """One row of features per node.

    Args:
        values: The matrix (nodes × features); of a memory map only the requested rows are read. Or
            the four arrays of a sparse matrix: ``x_indptr``, ``x_indices``, ``x_data``,
            ``x_shape``.
        name: Name of the graph, for messages.

    Raises:
        TypeError: Objects, text or complex numbers.
        ValueError: Not a matrix, no features, inconsistent arrays of a sparse matrix, NaN or
            infinity.

    Example:
        >>> features = NodeFeatures(np.eye(3), name="three nodes")
        >>> features.rows(np.array([2, 0]), row_normalize=False)
        tensor([[0., 0., 1.],
                [1., 0., 0.]])
    """

    def __init__(self, values: NDArray[Any] | Mapping[str, NDArray[Any]], *, name: str) -> None:
        self.name = name
        self._indptr: NDArray[np.int64] | None = None
        if isinstance(values, Mapping):
            nodes, self.width = self._take_parts(values)
            self._nodes = nodes
        else:
            self._values = values
            _check_kind(values, name)
            if values.ndim != 2:
                raise ValueError(
                    f"features of {name} must be a matrix (nodes × features),"
                    f" got shape {values.shape}"
                )
            self._nodes, self.width = values.shape
        if self.width < 1:
            raise ValueError(f"nodes of {name} must have at least 1 feature, got 0")
        self.not_negative = self._look_through()

    def __len__(self) -> int:
        return self._nodes

    @renamed_arguments(row_normalise="row_normalize")
    def rows(
        self, nodes: NDArray[np.int64], *, row_normalize: bool
    ) -> Float32[Tensor, "rows features"]:
        """The features of some nodes.

        Args:
            nodes: Node numbers.
            row_normalize: Whether to divide each row by its sum; rows with sum 0 are unchanged.
        """
        if self._indptr is None:
            picked = np.ascontiguousarray(self._values[nodes], dtype=np.float32)
        else:
            starts = self._indptr[nodes]
            lengths = self._indptr[nodes + 1] - starts
            row = np.repeat(np.arange(len(nodes)), lengths)
            within = np.arange(len(row)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
            places = np.repeat(starts, lengths) + within
            picked = np.zeros((len(nodes), self.width), np.float32)
            np.add.at(picked, (row, self._indices[places]), self._values[places])
        rows = torch.from_numpy(picked)
        if not row_normalize:
            return rows
        sums = rows.sum(dim=1, keepdim=True)
        return rows / torch.where(sums == 0, 1.0, sums)

    def select(self, columns: Sequence[int]) -> NodeFeatures:
        """Some columns of a dense matrix, in a given order."""
        return NodeFeatures(self._values[:, list(columns)], name=self.name)

    def digest(self) -> bytes:
        """A hash of the features."""
        digest = hashlib.blake2b(f"{len(self)} {self.width}".encode(), digest_size=16)
        stored = max(1, len(self._values))
        step = max(1, stored * max(1, self._values[:1].nbytes) // CHUNK)
        digest.update(np.ascontiguousarray(self._values[::step]).tobytes())
        if self._indptr is not None:
            digest.update(np.ascontiguousarray(self._indices[::step]).tobytes())
        return digest.digest()

    def _take_parts(self, parts: Mapping[str, NDArray[Any]]) -> tuple[int, int]:
        indptr, indices, data, shape = (np.asarray(parts[key]) for key in CSR)
        _check_kind(data, self.name)
        fits = (
            shape.shape == (2,)
            and len(indptr) == int(shape[0]) + 1
            and len(indices) == len(data) == int(indptr[-1])
            and not (np.diff(indptr) < 0).any()
            and (not len(indices) or 0 <= indices.min() <= indices.max() < int(shape[1]))
        )
        if not fits:
            raise ValueError(f"{', '.join(CSR)} of {self.name} are inconsistent as a sparse matrix")
        self._indptr = indptr.astype(np.int64)
        self._indices, self._values = indices.astype(np.int64), data
        return int(shape[0]), int(shape[1])

    def _look_through(self) -> bool:
        """Check that all values are finite; return whether none is negative."""
        not_negative, bad, first_bad = True, 0, -1
        for first, chunk in self._chunks():
            finite = np.isfinite(chunk)
            if not finite.all():
                rows = np.flatnonzero(~(finite.all(axis=1) if chunk.ndim == 2 else finite)) + first
                if self._indptr is not None:
                    rows = np.unique(np.searchsorted(self._indptr, rows, side="right") - 1)
                first_bad = int(rows[0]) if first_bad < 0 else first_bad
                bad += len(rows)
            else:
                not_negative = not_negative and not bool((chunk < 0).any())
        if bad:
            raise ValueError(
                f"features of {self.name} must be finite, got NaN or infinity at {bad:,} of"
                f" {len(self):,} nodes, the first is node {first_bad}"
            )
        return not_negative

    def _chunks(self) -> Iterator[tuple[int, NDArray[Any]]]:
        rows = max(1, CHUNK // max(1, self._values[:1].nbytes))
        for first in range(0, len(self._values), rows):
            yield first, self._values[first : first + rows]


def _check_kind(values: NDArray[Any], name: str) -> None:
    if values.dtype.hasobject:
        raise TypeError(f"features of {name} must be numbers, got objects (never unpickled)")
    if values.dtype.kind not in "buif":
        raise TypeError(f"features of {name} must be real numbers, got {values.dtype}")
