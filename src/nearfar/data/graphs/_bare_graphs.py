"""Graphs without node features: their nodes, from the edges, and one-hot degrees as features."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from jaxtyping import Int64, UInt8
from numpy.typing import NDArray

from nearfar.data._files import counted
from nearfar.data.graphs._node_ids import NodeIds, as_texts

__all__ = ["DEGREES", "degree_features", "nodes_of_edges"]

_EXACT = 16  # degrees with a feature of their own; one per octave above
_OCTAVES = 16
DEGREES = (
    *(f"degree {degree}" for degree in range(_EXACT)),
    *(f"degree {_EXACT << n} to {(_EXACT << n + 1) - 1}" for n in range(_OCTAVES - 1)),
    f"degree {_EXACT << _OCTAVES - 1} or more",
)
"""Names of the features of nodes without other features."""


def degree_features(
    edges: Int64[np.ndarray, "2 edges"], *, nodes: int
) -> UInt8[np.ndarray, "nodes 32"]:
    """One-hot degree of each node: 0 to 15 one by one, then one feature per power of two.

    The degree is the number of other nodes to which a node is connected, in either direction. The
    number of features is the same for every graph, so that an encoder embeds others.

    Args:
        edges: Sources and targets, as numbers of nodes.
        nodes: Number of nodes.

    Example:
        >>> degree_features(np.array([[0, 0, 1], [1, 2, 0]]), nodes=4).argmax(axis=1)
        array([2, 1, 1, 0])
    """
    low, high = edges.min(axis=0, initial=nodes), edges.max(axis=0, initial=0)
    pairs = np.unique((low * np.int64(nodes) + high)[low != high])
    degrees = np.bincount(pairs // max(nodes, 1), minlength=nodes)
    degrees += np.bincount(pairs % max(nodes, 1), minlength=nodes)
    octaves = np.log2(np.maximum(degrees, _EXACT) / _EXACT).astype(np.int64)
    places = np.where(degrees < _EXACT, degrees, _EXACT + np.minimum(octaves, _OCTAVES - 1))
    features = np.zeros((nodes, len(DEGREES)), dtype=np.uint8)
    features[np.arange(nodes), places] = 1
    return features


def nodes_of_edges(
    edges: NDArray[Any], parts: Mapping[str, Any], *, name: str
) -> tuple[Int64[np.ndarray, "2 edges"], NodeIds | None, int, tuple[str, ...]]:
    """Edges as numbers of nodes, identifiers of the nodes, their number, and notes.

    Whole numbers from 0 without many gaps are the nodes' numbers. All others, and words, are
    identifiers; the nodes then are those that an edge has.

    Args:
        edges: Sources and targets, as numbers or words.
        parts: Arrays of the graph, of which ``num_nodes`` and labels tell the number of nodes.
        name: Name of the graph, for messages.

    Raises:
        ValueError: No edge, or an edge to a node beyond those that labels are given for.

    Example:
        >>> nodes_of_edges(np.array([["b", "b"], ["a", "c"]]), {}, name="g")[0].tolist()
        [[1, 1], [0, 2]]
    """
    if edges.ndim != 2 or len(edges) != 2 or not edges.size:
        shape = "×".join(map(str, edges.shape))
        raise ValueError(f"edges of {name} must have shape 2 × edges, got {shape}")
    texts = edges if edges.dtype.kind in "iu" else as_texts(edges.ravel()).reshape(edges.shape)
    whole = texts if texts.dtype.kind in "iu" else _whole(texts)
    stated = _stated(parts)
    if whole is not None:
        distinct, most = len(np.unique(whole)), int(whole.max())
        if stated is not None and not 0 <= int(whole.min()) <= most < stated:
            raise ValueError(
                f"edges of {name} must connect its {stated:,} nodes, from 0, got node"
                f" {int(whole.max())}"
            )
        if stated is not None or (int(whole.min()) == 0 and most < 2 * distinct):
            count = most + 1 if stated is None else stated
            alone = count - distinct
            note = (f"{counted(alone, 'node')} of {name} without an edge",) if alone else ()
            return whole.astype(np.int64), None, count, note
        texts = whole
    names, places = np.unique(texts, return_inverse=True)
    ids = NodeIds(names, name=name)
    return places.reshape(edges.shape).astype(np.int64), ids, len(names), ()


def _whole(texts: NDArray[Any]) -> NDArray[np.int64] | None:
    """Texts as whole numbers, if all of them are."""
    try:
        return texts.astype(np.int64)
    except (ValueError, OverflowError):
        return None


def _stated(parts: Mapping[str, Any]) -> int | None:
    """The number of nodes that the parts of a graph tell."""
    count = parts.get("num_nodes")
    if count is not None:
        return int(np.asarray(count).reshape(-1)[0])
    labels = next((parts[k] for k in ("y", "labels", "label") if parts.get(k) is not None), None)
    return None if labels is None or not np.ndim(labels) else len(labels)
