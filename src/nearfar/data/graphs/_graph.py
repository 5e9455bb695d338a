"""A graph as read, and its sorted edges."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, final

import numpy as np
import torch
from jaxtyping import Int64
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._files import counted
from nearfar.data.graphs._node_features import NodeFeatures

__all__ = ["Graph", "OrderedEdges", "order_edges"]


@final
@dataclass(frozen=True)
class Graph:
    """The content of a graph's file or object; absent parts are None.

    Attributes:
        name: Short name.
        features: Features of each node.
        edges: Edges as two rows of node numbers: sources and targets.
        labels: Class of each node, -1 if unlabelled.
        train: Nodes that a probe is trained on.
        test: Nodes that a probe is evaluated on.
        notes: Notes for the user.
    """

    name: str
    features: NodeFeatures
    edges: NDArray[Any]
    labels: NDArray[Any] | None = None
    train: NDArray[Any] | None = None
    test: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()

    def part(self, chosen: NDArray[Any]) -> Int64[Tensor, " chosen"]:
        """Check the nodes of one part of the split, and return them as a tensor.

        Raises:
            ValueError: Not a list of node numbers, or nodes that do not exist.
        """
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
            raise ValueError(
                f"the split of {self.name} must be lists of node numbers, got {chosen.dtype} of"
                f" shape {chosen.shape}"
            )
        last = len(self.features) - 1
        if len(chosen) and not 0 <= chosen.min() <= chosen.max() <= last:
            raise ValueError(
                f"the split of {self.name} must contain nodes from 0 to {last:,},"
                f" got {int(chosen.min())} to {int(chosen.max())}"
            )
        return torch.from_numpy(chosen.astype(np.int64))


@final
@dataclass(frozen=True)
class OrderedEdges:
    """Edges without self-loops and duplicates, sorted by target, then source.

    Attributes:
        edges: Sources and targets; an undirected edge is stored in both directions.
        undirected: Whether reverse edges were added.
        notes: Notes on removed and added edges.
    """

    edges: Int64[np.ndarray, "2 edges"]
    undirected: bool
    notes: tuple[str, ...]


def order_edges(edges: NDArray[Any], *, nodes: int, undirected: bool, name: str) -> OrderedEdges:
    """Remove self-loops and duplicates, add reverse edges, and count the changes.

    Args:
        edges: Two rows of node numbers: sources and targets.
        nodes: Number of nodes.
        undirected: Whether to add the reverse of every edge.
        name: Name of the graph, for messages.

    Raises:
        TypeError: Node numbers that are not integers.
        ValueError: A shape other than 2 × edges, an edge to a node that does not exist, or no edge
            between distinct nodes.

    Example:
        >>> pairs = np.array([[0, 0, 1], [1, 1, 1]])
        >>> found = order_edges(pairs, nodes=3, undirected=True, name="pairs")
        >>> found.edges.tolist(), found.notes
        ([[1, 0], [0, 1]],
         ('1 self-loop removed', '1 duplicate edge removed', '1 edge made undirected',
          '1 of 3 nodes has no edge'))
    """
    if edges.dtype.kind not in "iu":
        raise TypeError(f"edges of {name} must be integers, got {edges.dtype}")
    if edges.ndim != 2 or edges.shape[0] != 2:
        raise ValueError(f"edges of {name} must have shape 2 × edges, got {edges.shape}")
    outside = (edges < 0) | (edges >= nodes)
    if outside.any():
        wrong = outside.any(axis=0)
        raise ValueError(
            f"edges of {name} must connect nodes with features, 0 to {nodes - 1:,}:"
            f" {int(wrong.sum()):,} of {edges.shape[1]:,} do not, the first has node"
            f" {int(edges[outside][0])}"
        )
    source, target = edges.astype(np.int64)
    loops = source == target
    source, target = source[~loops], target[~loops]
    keys = np.unique(target * nodes + source)
    repeated = len(source) - len(keys)
    both, added = keys, 0
    if undirected:
        both = np.union1d(keys, (keys % nodes) * nodes + keys // nodes)
        added = len(both) - len(keys)
    if not len(both):
        raise ValueError(f"{name} must have at least 1 edge between distinct nodes, got 0")
    ordered = np.stack([both % nodes, both // nodes])
    alone = nodes - len(np.unique(ordered))
    notes = []
    if loops.any():
        notes.append(f"{counted(int(loops.sum()), 'self-loop')} removed")
    if repeated:
        notes.append(f"{counted(repeated, 'duplicate edge')} removed")
    if added:
        notes.append(f"{counted(added, 'edge')} made undirected")
    if alone:
        notes.append(f"{alone:,} of {nodes:,} nodes {'has' if alone == 1 else 'have'} no edge")
    return OrderedEdges(ordered, undirected, tuple(notes))
