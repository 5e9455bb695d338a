"""Graphs of NetworkX, as objects and in its file formats: GraphML, GML, GEXF."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.data._edge_columns import WEIGHTS
from nearfar.data._files import file_ending, list_names, printable
from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._graph_columns import GraphColumns
from nearfar.data.graphs._graph_parts import graph_of_parts, places_of
from nearfar.data.graphs._node_ids import NodeIds, as_texts
from nearfar.data.graphs._node_tables import NodeTable, nodes_of_columns, read_nodes

__all__ = ["NETWORK_ENDINGS", "is_network", "read_network"]

NETWORK_ENDINGS = (".graphml", ".gml", ".gexf")
_SHOWN = ("label", "name")  # attributes that repeat what a node is called


def is_network(data: Any) -> bool:
    """Whether an object is a graph of NetworkX, without importing it."""
    return any(kind.__module__.startswith("networkx.") for kind in type(data).__mro__) and (
        hasattr(data, "nodes") and hasattr(data, "edges")
    )


def read_network(spec: Any, *, features: Path | None = None) -> Graph:
    """Read a NetworkX graph or a ``.graphml``, ``.gml`` or ``.gexf`` file.

    Nodes are identified by their names. Numeric attributes of nodes are features, ``label``, ``y``
    or ``class`` is the class, and the attribute ``weight`` of edges is their weight. Nodes without
    attributes have degrees as features.

    Args:
        spec: A graph or the path of a file.
        features: A file of node features, matched by identifier.

    Raises:
        ImportError: networkx is not installed.
        ValueError: A damaged file, or nodes without features among others that have them.
    """
    network = _opened(spec) if isinstance(spec, Path) else spec
    name = spec.stem if isinstance(spec, Path) else "graph"
    names = NodeIds(as_texts(list(network.nodes)), name=name)
    nodes = _of_attributes(network, names, name) if features is None else read_nodes(features)
    ids = names if nodes is None else nodes.ids or names
    if nodes is not None and nodes.ids is None and len(nodes) != len(names):
        raise ValueError(
            f"`features` must have one row for each of the {len(names):,} nodes of {name}, or a"
            f" column id, got {len(nodes):,} rows"
        )
    ends = as_texts([end for edge in network.edges() for end in edge[:2]]).reshape(-1, 2).T
    edges = places_of(ends, ids.positions(ends.ravel()).reshape(ends.shape), name=name)
    attributes = [values for *_, values in network.edges(data=True)]
    weights, notes = _weights(attributes, name)
    if nodes is None:
        return graph_of_parts(
            {}, None, name=name, edges=edges, weights=weights, ids=ids, notes=notes
        )
    return graph_of_parts(
        nodes.parts,
        nodes.values,
        name=name,
        edges=edges,
        weights=weights,
        ids=ids,
        numbered=True,
        columns=nodes.columns,
        notes=(*nodes.notes, *notes),
    )


def _opened(path: Path) -> Any:
    try:
        import networkx
    except ImportError:
        raise ImportError(
            f"{printable(path.name)} needs networkx: pip install 'nearfar[graph]'"
        ) from None
    ending = file_ending(path)
    readers = {
        ".graphml": networkx.read_graphml,
        ".gml": networkx.read_gml,
        ".gexf": networkx.read_gexf,
    }
    try:
        return readers[ending](path)
    except (networkx.NetworkXError, SyntaxError, ValueError, KeyError, AttributeError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{printable(path.name)} is damaged: {reason}") from None


def _of_attributes(network: Any, names: NodeIds, name: str) -> NodeTable | None:
    """Features, classes and split from the attributes of nodes; None if they have none."""
    rows = [values for _, values in network.nodes(data=True)]
    columns: dict[str, list[Any]] = {}
    for key in dict.fromkeys(key for row in rows for key in row):
        cells = [row.get(key) for row in rows]
        widths = {len(cell) for cell in cells if _is_vector(cell)}
        if len(widths) == 1 and all(map(_is_vector, cells)):
            for place in range(widths.pop()):
                columns[f"{key}_{place}"] = [cell[place] for cell in cells]
        else:
            columns[key] = cells
    for key in _SHOWN:  # a class is shared by several nodes
        if key in columns and len(set(as_texts(columns[key]))) == len(names):
            del columns[key]
    if not columns:
        return None
    table = GraphColumns(list(columns.values()), tuple(columns))
    return nodes_of_columns(table, name=name, ids=names)


def _weights(attributes: Sequence[Mapping[str, Any]], name: str) -> tuple[Any, tuple[str, ...]]:
    """The weight of each edge, 1 where it is missing, and a note on other attributes."""
    keys = dict.fromkeys(key for values in attributes for key in values)
    heavy = next((key for key in keys if str(key).lower() in WEIGHTS), None)
    others = [str(key) for key in keys if key not in (heavy, "id", "key")]
    notes = [f"attributes of the edges of {name} ignored: {list_names(others)}"] if others else []
    if heavy is None:
        return None, tuple(notes)
    missing = sum(values.get(heavy) is None for values in attributes)
    if missing:
        notes.append(f"{missing:,} of {len(attributes):,} edges without a weight have weight 1")
    try:
        weights = np.array([1.0 if v.get(heavy) is None else float(v[heavy]) for v in attributes])
    except (TypeError, ValueError) as error:
        raise ValueError(f"edge weights of {name} must be numbers: {error}") from None
    return weights, tuple(notes)


def _is_vector(cell: Any) -> bool:
    return isinstance(cell, (list, tuple, np.ndarray)) or (
        hasattr(cell, "tolist") and getattr(cell, "ndim", 0) == 1
    )
