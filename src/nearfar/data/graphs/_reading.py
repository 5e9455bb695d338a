"""Read graphs from array files and objects, without unpickling."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, strided

from nearfar.data._array_files import open_array_file
from nearfar.data._edge_columns import WEIGHTS
from nearfar.data._files import printable
from nearfar.data._specs import array_of
from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._graph_parts import find_features, graph_of_parts
from nearfar.data.graphs._node_features import CSR
from nearfar.data.graphs._node_tables import read_nodes

__all__ = ["EDGES", "is_graph_object", "read_arrays", "read_data"]

EDGES = ("edges", "edge_list", "edgelist", "edge_indices", "links")
"""Names of arrays of edges, in lower case, in addition to ``edge_index``."""


def is_graph_object(data: Any) -> bool:
    """Whether an object is a graph of PyTorch Geometric or has the same attributes."""
    if hasattr(type(data), "edge_types"):  # a HeteroData, whose own attributes may raise KeyError
        return True
    return hasattr(data, "edge_index") or hasattr(data, "adj_t")


def read_data(data: Any, *, features: Path | None = None) -> Graph:
    """Read a PyTorch Geometric ``Data`` object: features, edges, labels, masks and weights.

    The edges are ``edge_index``, or the transposed adjacency matrix ``adj_t``.

    Args:
        data: The object.
        features: A file of node features, if the object has none.

    Raises:
        ValueError: No edges, several types of nodes, or a part that does not match the nodes.
    """
    if hasattr(type(data), "edge_types"):
        raise ValueError(
            "a graph must have one type of nodes, got a HeteroData: pass data.to_homogeneous()"
        )
    name = "graph"
    held = _attributes(data)
    values = held.get("x")
    if values is not None and features is not None:
        raise ValueError("`features` is only for graphs without features: the Data object has `x`")
    weights = None
    if held.get("edge_index") is not None:
        pairs = held["edge_index"]
        edges = array_of(pairs) if isinstance(pairs, Tensor) else np.asarray(pairs)
    elif held.get("adj_t") is not None:
        edges, weights = _transposed(held["adj_t"])
    else:
        raise ValueError(
            "a graph must have edges: `edge_index` and `adj_t` of the Data object are missing"
        )
    parts = {
        key: array_of(value) if isinstance(value, Tensor) and value.layout == strided else value
        for key, value in held.items()
        if key not in ("x", "adj_t")
    }
    if features is None:
        found = None if values is None else _matrix(values)
        return graph_of_parts(parts, found, name=name, edges=edges, weights=weights)
    nodes = read_nodes(features)
    return graph_of_parts(
        {**nodes.parts, **parts},
        nodes.values,
        name=name,
        edges=edges,
        weights=weights,
        ids=nodes.ids,
        columns=nodes.columns,
        notes=nodes.notes,
    )


def read_arrays(path: Path, *, features: Path | None = None) -> Graph:
    """Read a file of arrays with ``edge_index`` and ``x``, or the arrays of a sparse ``x``.

    Without ``edge_index`` the edges are the array ``edges``, or the only array of whole numbers
    with two rows or two columns; without ``x`` the features are degrees.

    If present, ``y`` is used as labels, ``train_mask`` or ``train_idx`` (and those of ``val`` and
    ``test``) as a split, ``edge_weight`` as weights, and ``ids`` as identifiers of the nodes.

    Raises:
        TypeError: An array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged, or lacks edges.
    """
    name = printable(path.name)
    with open_array_file(path) as opened:
        arrays = _with_edges(dict(opened), opened.listed(), name)
    held = find_features(arrays)
    if held is not None and features is not None:
        raise ValueError(f"`features` is only for graphs without features, but {name} contains x")
    if features is not None:
        nodes = read_nodes(features)
        return graph_of_parts(
            {**nodes.parts, **arrays},
            nodes.values,
            name=path.stem,
            edges=arrays["edge_index"],
            ids=nodes.ids,
            columns=nodes.columns,
            notes=nodes.notes,
        )
    return graph_of_parts(arrays, held, name=path.stem, edges=arrays["edge_index"])


def _with_edges(arrays: dict[str, NDArray[Any]], listed: str, name: str) -> dict[str, NDArray[Any]]:
    """The arrays with the edges as ``edge_index``, sources and targets in a row each."""
    if "edge_index" in arrays:
        return arrays
    fitting = [key for key, array in arrays.items() if _are_edges(array)]
    chosen = next((key for key in fitting if key.lower() in EDGES), None)
    if chosen is None and len(fitting) == 1:
        (chosen,) = fitting
    if chosen is None:
        raise ValueError(
            f"{name} must contain the edges as edge_index, two rows of nodes' numbers, got {listed}"
        )
    edges = arrays.pop(chosen)
    by_columns = edges.shape[1] == 2
    return arrays | {"edge_index": edges.T if by_columns else edges}


def _are_edges(array: NDArray[Any]) -> bool:
    return array.ndim == 2 and 2 in array.shape and array.dtype.kind in "iuUS" and array.size > 0


def _attributes(data: Any) -> dict[str, Any]:
    """The parts of a Data object, or of any object with the same attributes."""
    if hasattr(data, "to_dict"):
        return dict(data.to_dict())
    known = ("x", "edge_index", "adj_t", "y", *WEIGHTS)
    masks = ("train_mask", "val_mask", "test_mask")
    return {key: getattr(data, key, None) for key in (*known, *masks)}


def _transposed(adjacency: Any) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Sources, targets and weights of a transposed adjacency matrix: row i holds edges into i."""
    if isinstance(adjacency, Tensor):
        entries = adjacency.to_sparse_coo().coalesce()  # type: ignore[no-untyped-call]
        (row, column), values = entries.indices(), entries.values()
    elif hasattr(adjacency, "coo"):  # a SparseTensor of torch_sparse
        row, column, values = adjacency.coo()
    else:
        raise ValueError(
            f"`adj_t` must be a sparse matrix, got {type(adjacency).__name__}: pass `edge_index`"
        )
    weights = None if values is None else array_of(values)
    if weights is not None and (weights == 1).all():
        weights = None
    return np.stack([array_of(column), array_of(row)]), weights


def _matrix(values: Any) -> NDArray[Any] | Mapping[str, NDArray[Any]]:
    if isinstance(values, Tensor) and values.layout != strided:
        rows = values.to_sparse_coo().coalesce()  # type: ignore[no-untyped-call]
        row, column = rows.indices().numpy()
        indptr = np.searchsorted(row, np.arange(values.shape[0] + 1))
        shape = np.array(values.shape)
        return dict(zip(CSR, (indptr, column, array_of(rows.values()), shape), strict=True))
    return array_of(values)
