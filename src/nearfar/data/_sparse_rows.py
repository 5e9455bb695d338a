"""Sparse matrices of SciPy and PyTorch: rows that are made dense when they are read."""

from __future__ import annotations

from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._specs import array_of

__all__ = ["GraphParts", "SparseRows", "is_sparse"]


LAYOUTS = (
    *(torch.sparse_coo, torch.sparse_csr, torch.sparse_csc),
    *(torch.sparse_bsr, torch.sparse_bsc),
)


def is_sparse(spec: Any) -> bool:
    """Whether an object is a sparse matrix of SciPy or a sparse tensor."""
    if isinstance(spec, Tensor):
        return spec.layout in LAYOUTS
    module = type(spec).__module__
    return module.startswith("scipy.sparse") and hasattr(spec, "tocsr")


@final
class SparseRows:
    """A sparse matrix; indexing gives dense rows.

    Args:
        matrix: A sparse matrix of SciPy, or a sparse tensor with two axes.

    Attributes:
        shape: Rows and columns.
        dtype: Type of the values.

    Raises:
        ValueError: Other than two axes.

    Example:
        >>> rows = SparseRows(torch.eye(3).to_sparse())
        >>> rows.shape, rows[1:2]
        ((3, 3), array([[0., 1., 0.]], dtype=float32))
    """

    ndim = 2

    def __init__(self, matrix: Any) -> None:
        if len(matrix.shape) != 2:
            raise ValueError(f"a sparse matrix must have 2 axes, got {len(matrix.shape)}")
        self.matrix: Any = _of_tensor(matrix) if isinstance(matrix, Tensor) else matrix.tocsr()
        self.shape: tuple[int, int] = self.matrix.shape
        self.dtype: np.dtype[Any] = self.matrix.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: Any) -> NDArray[Any]:
        dense: NDArray[Any] = self.matrix[rows].toarray()
        return dense

    def as_tensor(self) -> Tensor:
        """The matrix as a sparse tensor."""
        entries = self.matrix.tocoo()
        places = torch.from_numpy(np.stack([entries.row, entries.col]).astype(np.int64))
        values = torch.from_numpy(np.ascontiguousarray(entries.data))
        return torch.sparse_coo_tensor(places, values, self.shape, check_invariants=True)


@final
class GraphParts:
    """The parts of a graph by name, as a ``Data`` object of PyTorch Geometric has them.

    Args:
        parts: Features ``x``, edges ``edge_index``, and others such as ``y``.
    """

    def __init__(self, parts: dict[str, Any]) -> None:
        self._parts = parts
        self.edge_index = parts["edge_index"]

    def to_dict(self) -> dict[str, Any]:
        """The parts by name."""
        return dict(self._parts)

    @classmethod
    def of_adjacency(cls, matrix: SparseRows, parts: dict[str, Any]) -> GraphParts:
        """A graph with an edge for each entry of an adjacency matrix, from its row to its column.

        Args:
            matrix: The matrix; entries other than 1 are weights of edges.
            parts: The other parts of the graph.

        Raises:
            TypeError: A matrix that is not square.
        """
        rows, columns = matrix.shape
        if rows != columns:
            raise TypeError(
                f"`data` must be a square adjacency matrix to be a graph, got {rows:,}×{columns:,}:"
                " pass torch_geometric.data.Data(x=features, edge_index=edges)"
            )
        entries = matrix.matrix.tocoo(copy=True)
        entries.eliminate_zeros()
        edges = torch.from_numpy(np.stack([entries.row, entries.col]).astype(np.int64))
        found = {"num_nodes": rows, **parts, "edge_index": edges}
        if not (entries.data == 1).all():
            found["edge_weight"] = torch.from_numpy(entries.data.astype(np.float32))
        return cls(found)


def _of_tensor(matrix: Tensor) -> Any:
    """A tensor as a matrix of SciPy; entries at the same place are added."""
    from scipy.sparse import csr_array

    entries = matrix.detach().cpu().to_sparse_coo().coalesce()  # type: ignore[no-untyped-call]
    (row, column), values = entries.indices().numpy(), array_of(entries.values())
    return csr_array((values, (row, column)), shape=tuple(matrix.shape))
