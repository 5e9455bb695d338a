"""A graph from named arrays, as in an array file or a PyTorch Geometric object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar._audience import named
from nearfar.data._edge_columns import WEIGHTS
from nearfar.data._files import list_names
from nearfar.data.graphs._bare_graphs import DEGREES, degree_features, nodes_of_edges
from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._node_features import CSR, NodeFeatures
from nearfar.data.graphs._node_ids import ID_ARRAYS, NodeIds
from nearfar.data.graphs._node_split import find_split

__all__ = ["FEATURES", "WEIGHTS", "find_features", "find_ids", "graph_of_parts", "places_of"]

FEATURES = ("x", *CSR)
LABELS = ("y", "labels", "label")
_SIZES = ("num_nodes", "name", "batch", "ptr")

Features = NDArray[Any] | Mapping[str, NDArray[Any]]


def graph_of_parts(
    parts: Mapping[str, Any],
    values: Features | None,
    *,
    name: str,
    edges: NDArray[Any],
    weights: NDArray[Any] | None = None,
    ids: NodeIds | None = None,
    numbered: bool = False,
    columns: tuple[str, ...] | None = None,
    notes: Sequence[str] = (),
) -> Graph:
    """Build a graph; arrays of no known role are named in a note.

    Args:
        parts: Arrays by name: labels, split, weights and identifiers.
        values: Node features; None if there are none, for those of the degrees.
        name: Name of the graph.
        edges: Two rows of row numbers; or of identifiers, if there are any, or without features.
        weights: Weight of each edge, if not among `parts`.
        ids: Identifiers of the nodes, if not among `parts`.
        numbered: Whether edges are row numbers for certain.
        columns: Name of each feature.
        notes: Notes for the user.

    Raises:
        ValueError: An edge to an unknown node, or a mask or identifiers that do not match the
            nodes.
    """
    if values is None:
        known = ids is not None or any(parts.get(key) is not None for key in ID_ARRAYS)
        return _without_features(
            parts, name=name, edges=edges, weights=weights, ids=ids, notes=notes, known=known
        )
    features = NodeFeatures(values, name=name)
    nodes = len(features)
    found, of_ids = find_ids(parts, nodes=nodes, name=name) if ids is None else (ids, ID_ARRAYS)
    of_edges: tuple[str, ...] = ()
    if not numbered:
        edges, of_edges = _numbered(edges, found, nodes=nodes, name=name)
    split = find_split(parts, nodes=nodes, name=name, ids=found)
    heavy = next((key for key in WEIGHTS if parts.get(key) is not None), None)
    labels = next((key for key in LABELS if parts.get(key) is not None), None)
    used = {*FEATURES, *_SIZES, *split.names, *of_ids, "edge_index", "adj_t", heavy, labels}
    others = [key for key in parts if key not in used and parts[key] is not None]
    idle = (f"not used of {name}: {list_names(others)}",) if others else ()
    if "edge_attr" in others and heavy is None and _like_weights(parts["edge_attr"]):
        idle = (*idle, "edge_attr has one number per edge: name it edge_weight if it is a weight")
    return Graph(
        name=name,
        features=features,
        edges=edges,
        labels=None if labels is None else np.asarray(parts[labels]),
        train=split.train,
        validation=split.validation,
        test=split.test,
        weights=np.asarray(parts[heavy]) if heavy is not None else weights,
        ids=found,
        columns=columns,
        notes=(*notes, *of_edges, *split.notes, *idle),
    )


def _without_features(
    parts: Mapping[str, Any],
    *,
    name: str,
    edges: NDArray[Any],
    weights: NDArray[Any] | None,
    ids: NodeIds | None,
    notes: Sequence[str],
    known: bool,
) -> Graph:
    """The graph with one-hot degrees; its nodes are those of the identifiers, else of the edges."""
    said: tuple[str, ...] = ()
    if known:
        given = next((parts[key] for key in ID_ARRAYS if parts.get(key) is not None), None)
        ids = NodeIds(np.asarray(given), name=name) if ids is None else ids
        count = len(ids)
        edges, said = _numbered(edges, ids, nodes=count, name=name)
    else:
        edges, ids, count, said = nodes_of_edges(edges, parts, name=name)
    degrees = f"nodes of {name} have no features: theirs are one-hot degrees; {named('features')}"
    return graph_of_parts(
        parts,
        degree_features(edges, nodes=count),
        name=name,
        edges=edges,
        weights=weights,
        ids=ids,
        numbered=True,
        columns=DEGREES,
        notes=(*notes, *said, f"{degrees} gives others"),
    )


def find_features(arrays: Mapping[str, NDArray[Any]]) -> Features | None:
    """The features among the arrays of a file: ``x``, or the arrays of a sparse ``x``."""
    if "x" in arrays:
        return arrays["x"]
    return arrays if all(key in arrays for key in CSR) else None


def find_ids(
    parts: Mapping[str, Any], *, nodes: int, name: str
) -> tuple[NodeIds | None, tuple[str, ...]]:
    """The identifiers among named arrays, and their name.

    Raises:
        ValueError: Identifiers other than one per node, or that are not distinct.
    """
    key = next((key for key in ID_ARRAYS if parts.get(key) is not None), None)
    if key is None:
        return None, ()
    values = np.asarray(parts[key])
    if values.shape != (nodes,):
        raise ValueError(
            f"`{key}` of {name} must identify each of the {nodes:,} nodes, got shape {values.shape}"
        )
    return NodeIds(values, name=name), (key,)


def _numbered(
    edges: NDArray[Any], ids: NodeIds | None, *, nodes: int, name: str
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Edges as row numbers. They are identifiers if they are text or beyond the row numbers."""
    numbers = edges.dtype.kind in "iu" or not edges.size
    if ids is None or edges.ndim != 2:
        return edges, ()
    inside = numbers and (not edges.size or (edges.min() >= 0 and edges.max() < nodes))
    places = ids.positions(edges.ravel()).reshape(edges.shape)
    if inside:
        # PyTorch Geometric counts rows, whatever the nodes are called
        differ = bool((places != edges).any()) and not bool((places < 0).any())
        note = f"edge_index of {name} is read as row numbers, not as identifiers of nodes"
        return edges, (note,) if differ else ()
    return places_of(edges, places, name=name), ()


def places_of(edges: NDArray[Any], places: NDArray[Any], *, name: str) -> NDArray[Any]:
    """Check that the identifiers of all edges are known.

    Raises:
        ValueError: An unknown identifier.
    """
    missing = places < 0
    if missing.any():
        wrong = missing.any(axis=0)
        unknown = list(dict.fromkeys(str(value) for value in edges[missing][:1000].tolist()))
        raise ValueError(
            f"edges of {name} must connect nodes with features: {int(wrong.sum()):,} of"
            f" {edges.shape[1]:,} do not, with the unknown nodes {list_names(unknown)}"
        )
    return places


def _like_weights(values: Any) -> bool:
    array = np.asarray(values)
    return array.ndim == 1 or (array.ndim == 2 and array.shape[1] == 1)
