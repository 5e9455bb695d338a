"""Whether a table is an edge list, by the names of its columns and its cells."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice
from typing import Any

from nearfar.data._column_roles import LOOKED_AT
from nearfar.data._identifier_columns import is_whole
from nearfar.data._number_cells import is_missing, number
from nearfar.data._tables import Table

__all__ = ["ENDPOINTS", "WEIGHTS", "is_edge_list", "may_be_edges"]

ENDPOINTS = (
    *(("source", "target"), ("src", "dst"), ("src", "dest"), ("from", "to"), ("u", "v")),
    *(("head", "tail"), ("start", "end"), ("source_id", "target_id"), ("src_id", "dst_id")),
    *(("sourceid", "targetid"), ("from_id", "to_id"), ("fromnodeid", "tonodeid")),
    *(("from_node", "to_node"), ("source_node", "target_node"), ("node1", "node2")),
    *(("node_1", "node_2"), ("node_a", "node_b"), ("id1", "id2"), ("id_1", "id_2")),
)
"""Names of the columns of sources and targets, in lower case."""
WEIGHTS = ("edge_weight", "edge_weights", "weight", "weights")
"""Names of arrays and columns with the weights of edges, in lower case."""
_SHARED = 0.2  # fraction of the nodes of one column that the other has, too
_LONGEST = 60  # characters of a node's name
_FURTHER = 3  # columns of an edge list, such as weight and time


def is_edge_list(table: Table) -> bool:
    """Whether a table is an edge list for certain: two columns that are called so, of nodes.

    Nodes are whole numbers or names of one word, and some are in both columns. There are at most
    three further columns.

    >>> is_edge_list(Table("t", {"source": ["0", "1"], "target": ["1", "2"]}, [1, 2]))
    True
    >>> is_edge_list(Table("t", {"source": ["a dog"], "target": ["ein Hund"]}, [1]))
    False
    """
    lower = {name.strip().lower(): name for name in table.columns}
    found = next((pair for pair in ENDPOINTS if set(pair) <= set(lower)), None)
    if found is None or len(table.columns) > 2 + _FURTHER:
        return False
    first, second = (set(_nodes(table.columns[lower[end]])) for end in found)
    return len(first & second) >= max(1, _SHARED * min(len(first), len(second)))


def may_be_edges(table: Table) -> bool:
    """Whether a table can be an edge list: two columns of nodes, and possibly one of weights.

    >>> may_be_edges(Table("t", {"a": ["0", "1"], "b": ["1", "2"], "c": ["0.5", "2"]}, [1, 2]))
    True
    >>> may_be_edges(Table("t", {"a": ["0.5", "1.5"], "b": ["1", "2"]}, [1, 2]))
    False
    """
    lower = [name.strip().lower() for name in table.columns]
    if any(set(pair) <= set(lower) for pair in ENDPOINTS):
        return True
    nodes = [name for name, cells in table.columns.items() if _nodes(cells)]
    others = [name for name in table.columns if name not in nodes[:2]]
    return len(nodes) >= 2 and (
        not others or (len(others) == 1 and _weighs(table.columns[others[0]]))
    )


def _nodes(cells: Sequence[Any]) -> list[str]:
    """The nodes in the first cells of a column; empty if one of them is no node."""
    known = [cell for cell in islice(cells, LOOKED_AT) if not is_missing(cell)]
    return [str(cell).strip() for cell in known] if all(map(_is_node, known)) else []


def _is_node(cell: Any) -> bool:
    if is_whole(cell):
        return True
    if not isinstance(cell, str) or number(cell) is not None:
        return False
    return len(cell) <= _LONGEST and len(cell.split()) == 1


def _weighs(cells: Sequence[Any]) -> bool:
    return all(is_missing(cell) or number(cell) is not None for cell in islice(cells, LOOKED_AT))
