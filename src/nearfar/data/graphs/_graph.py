"""A graph as it was found, and its edges put in order."""

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
    """What a file or an object says of a graph; None for what it does not.

    Attributes:
        name: Short name.
        features: Of each node.
        edges: Two rows of node numbers: from, to.
        labels: Class of each node, -1 for none.
        train: Nodes a probe is trained on.
        test: Nodes it is judged on.
        notes: What a user should know.
    """

    name: str
    features: NodeFeatures
    edges: NDArray[Any]
    labels: NDArray[Any] | None = None
    train: NDArray[Any] | None = None
    test: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()

    def part(self, chosen: NDArray[Any]) -> Int64[Tensor, " chosen"]:
        """The nodes of one part of the split, checked.

        Raises:
            ValueError: No list of node numbers, or nodes that do not exist.
        """
        if chosen.ndim != 1 or chosen.dtype.kind not in "iu":
            raise ValueError(
                f"the split of {self.name} must be lists of node numbers, got {chosen.dtype} of"
                f" shape {chosen.shape}"
            )
        last = len(self.features) - 1
        if len(chosen) and not 0 <= chosen.min() <= chosen.max() <= last:
            raise ValueError(
                f"the split of {self.name} must name nodes 0 to {last:,},"
                f" got {int(chosen.min())} to {int(chosen.max())}"
            )
        return torch.from_numpy(chosen.astype(np.int64))


@final
@dataclass(frozen=True)
class OrderedEdges:
    """Edges between different nodes, each once, sorted by target and then source.

    Attributes:
        edges: Source and target; an undirected edge stands in both directions.
        undirected: Whether it was made so.
        notes: What was left out or added.
    """

    edges: Int64[np.ndarray, "2 edges"]
    undirected: bool
    notes: tuple[str, ...]


def order_edges(edges: NDArray[Any], *, nodes: int, undirected: bool, name: str) -> OrderedEdges:
    """Leave out self-loops and repetitions, add the other directions, and count all of that.

    Args:
        edges: Two rows of node numbers.
        nodes: How many nodes there are.
        undirected: Add the other direction of every edge.
        name: Of the graph, for messages.

    Raises:
        TypeError: Numbers of nodes that are no whole numbers.
        ValueError: A shape other than 2 × edges, an edge to a node that does not exist, or no edge
            between two different nodes.

    Example:
        >>> pairs = np.array([[0, 0, 1], [1, 1, 1]])
        >>> found = order_edges(pairs, nodes=3, undirected=True, name="pairs")
        >>> found.edges.tolist(), found.notes
        ([[1, 0], [0, 1]],
         ('1 self-loop left out', '1 repeated edge left out', '1 edge made undirected',
          '1 of 3 nodes has no edge'))
    """
    if edges.dtype.kind not in "iu":
        raise TypeError(f"edges of {name} must be whole numbers, got {edges.dtype}")
    if edges.ndim != 2 or edges.shape[0] != 2:
        raise ValueError(f"edges of {name} must have shape 2 × edges, got {edges.shape}")
    outside = (edges < 0) | (edges >= nodes)
    if outside.any():
        wrong = outside.any(axis=0)
        raise ValueError(
            f"edges of {name} must join nodes 0 to {nodes - 1:,}, those that have features:"
            f" {int(wrong.sum()):,} of {edges.shape[1]:,} do not, the first names node"
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
        raise ValueError(f"{name} must have at least 1 edge between two different nodes, got 0")
    ordered = np.stack([both % nodes, both // nodes])
    alone = nodes - len(np.unique(ordered))
    notes = []
    if loops.any():
        notes.append(f"{counted(int(loops.sum()), 'self-loop')} left out")
    if repeated:
        notes.append(f"{counted(repeated, 'repeated edge')} left out")
    if added:
        notes.append(f"{counted(added, 'edge')} made undirected")
    if alone:
        notes.append(f"{alone:,} of {nodes:,} nodes {'has' if alone == 1 else 'have'} no edge")
    return OrderedEdges(ordered, undirected, tuple(notes))
