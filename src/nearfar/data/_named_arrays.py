"""Dictionaries of arrays in memory: which array has the samples, and which their labels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from torch import Tensor

from nearfar.data._columnar_files import is_frame
from nearfar.data._files import list_names
from nearfar.data._items import SAMPLES
from nearfar.data._label_names import LABELS
from nearfar.data._sparse_rows import GraphParts, SparseRows, is_sparse
from nearfar.data._specs import array_of

__all__ = ["NamedArrays", "chosen_array", "is_array_like", "rows_of_columns"]

ADJACENCY = ("adj_t", "adj", "adjacency", "adjacency_matrix")
"""Keys of adjacency matrices, of which that of PyTorch Geometric is transposed."""


@dataclass(frozen=True)
class NamedArrays:
    """What a dictionary holds.

    Attributes:
        values: The samples, along the first axis.
        labels: Arrays of one label per sample by name, the usual one first.
        notes: Notes on the other arrays.
    """

    values: Any
    labels: Mapping[str, Any]
    notes: tuple[str, ...]


def chosen_array(arrays: Mapping[str, Any], given: Any, argument: str) -> NamedArrays | GraphParts:
    """The array of samples and the labels of a dictionary, or the graph whose parts it has.

    Args:
        arrays: Arrays by name: samples ``x``, or another usual name or the only matrix, and labels
            ``y``; or ``x`` and ``edge_index`` or an adjacency matrix of a graph.
        given: The dictionary as it was given.
        argument: Name of the argument for messages.

    Raises:
        TypeError: No array, or several that can be the samples; the message says what to pass.

    Example:
        >>> chosen_array({"x": np.eye(2), "y": [0, 1]}, {}, "data").labels
        {'y': [0, 1]}
    """
    edges = next((key for key in ("edge_index", *ADJACENCY) if key in arrays), None)
    if edges is not None:
        return _graph_of(arrays, edges)
    fitting = [key for key, value in arrays.items() if _is_array(value) and len(value.shape) > 1]
    folded = {key.lower(): key for key in fitting}
    chosen = next((folded[name] for name in SAMPLES if name in folded), None)
    if chosen is None and len(fitting) == 1:
        chosen = fitting[0]
    shown = list_names(list(arrays))
    if chosen is None and fitting:
        raise TypeError(
            f"`{argument}` must be one array, got a {type(given).__name__} of {shown}: pass"
            f" {argument}[{fitting[0]!r}], or call it x"
        )
    if not arrays:
        raise TypeError(f"`{argument}` must hold an array of samples, got an empty mapping")
    if chosen is None:
        key, first = next(iter(arrays.items()))
        columns = all(isinstance(value, (list, tuple)) for value in arrays.values())
        how = f"pandas.DataFrame({argument})" if columns else f"{argument}[{key!r}]"
        raise TypeError(
            f"`{argument}` must hold an array of samples, got a {type(given).__name__} of"
            f" {shown}, the first a {type(first).__name__}: pass {how}"
        )
    count = len(arrays[chosen]) if hasattr(arrays[chosen], "__getitem__") else 0
    rest = [key for key in arrays if key != chosen]
    named = [key for key in rest if hasattr(arrays[key], "__len__") and _flat(arrays[key]) == count]
    usual = sorted(named, key=lambda key: key.lower() not in LABELS)
    labels = {key: arrays[key] for key in usual}
    others = [key for key in rest if key not in usual[:1] or key.lower() not in LABELS]
    notes = (f"arrays not used: {list_names(others)}",) if others else ()
    return NamedArrays(arrays[chosen], labels, notes)


def rows_of_columns(columns: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of lists of equal length, as mappings; none of other columns.

    >>> rows_of_columns({"text": ["one", "two"], "label": [0, 1]})
    [{'text': 'one', 'label': 0}, {'text': 'two', 'label': 1}]
    """
    lists = all(isinstance(column, list) for column in columns.values())
    if not lists or len({len(column) for column in columns.values()}) != 1:
        return []
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _flat(values: Any) -> int | None:
    """Length of a list or an array with one axis."""
    return len(values) if isinstance(values, list) or len(np.shape(values)) == 1 else None


def _graph_of(arrays: Mapping[str, Any], edges: str) -> GraphParts:
    parts = {key: _part(value) for key, value in arrays.items() if key != edges}
    if edges == "edge_index":
        return GraphParts({**parts, "edge_index": np.asarray(_part(arrays[edges]))})
    matrix = SparseRows(_coo(arrays[edges]))
    if edges == "adj_t":
        matrix = SparseRows(matrix.matrix.T)
    return GraphParts.of_adjacency(matrix, parts)


def _part(value: Any) -> Any:
    if is_sparse(value):
        return SparseRows(value).as_tensor()
    return array_of(value) if isinstance(value, Tensor) else value


def _coo(value: Any) -> Any:
    """A sparse matrix of a matrix of any kind."""
    if is_sparse(value):
        return value
    from scipy.sparse import csr_array

    return csr_array(array_of(value) if isinstance(value, Tensor) else np.asarray(value))


def _is_array(value: Any) -> bool:
    return isinstance(value, (np.ndarray, Tensor)) or is_sparse(value) or is_array_like(value)


def is_array_like(value: Any) -> bool:
    """Whether an object of another library becomes an array, as of JAX, h5py or zarr."""
    known = isinstance(value, (np.ndarray, np.generic, Tensor)) or is_frame(value)
    return not known and hasattr(value, "__array__") and hasattr(value, "shape")
