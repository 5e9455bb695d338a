"""Sampled neighbourhoods of a few nodes in a large graph."""

from __future__ import annotations

from dataclasses import dataclass
from typing import final

import numpy as np
import torch
from jaxtyping import Int64
from numpy.typing import NDArray

from nearfar.ops._random import random_bits

__all__ = ["Neighborhood", "Neighborhoods"]


@final
@dataclass(frozen=True)
class Neighborhood:
    """The subgraph around some target nodes.

    Attributes:
        nodes: Numbers of the subgraph's nodes in the whole graph.
        edges: Sources and targets, as indices into `nodes`.
        targets: The target nodes, as indices into `nodes`.
        places: Index of each edge in the list of all edges.
    """

    nodes: Int64[np.ndarray, " nodes"]
    edges: Int64[np.ndarray, "2 edges"]
    targets: Int64[np.ndarray, " targets"]
    places: Int64[np.ndarray, " edges"]


@final
class Neighborhoods:
    """Neighbourhoods of up to `hops` hops, with at most `most` incoming edges per node.

    If a node has more than `most` incoming edges, its list of edges is divided into `most` segments
    and a hash of the node's number selects one edge from each. The selection is therefore always
    the same, and a network with at most `hops` layers gives a node the same representation in every
    batch.

    Args:
        edges: Edges, sorted by target.
        nodes: Number of nodes.
        hops: Number of hops.
        most: Largest number of incoming edges per node.
        ranks: Numbers of the nodes that do not depend on their order in a file, on which the
            selection then depends instead of the order; by default their order.

    Example:
        >>> path = np.array([[1, 0, 2, 1], [0, 1, 1, 2]])  # 0 - 1 - 2
        >>> found = Neighborhoods(path, nodes=3, hops=1, most=5).around(np.array([2]))
        >>> found.nodes.tolist(), found.edges.tolist(), found.targets.tolist()
        ([2, 1], [[1], [0]], [0])
    """

    def __init__(
        self,
        edges: Int64[np.ndarray, "2 edges"],
        *,
        nodes: int,
        hops: int,
        most: int,
        ranks: Int64[np.ndarray, " nodes"] | None = None,
    ) -> None:
        self._places = np.arange(edges.shape[1])
        self._ranks = np.arange(nodes) if ranks is None else ranks
        if ranks is not None:
            self._places = np.lexsort((ranks[edges[0]], edges[1]))
            edges = edges[:, self._places]
        self._sources = edges[0]
        self._starts = np.searchsorted(edges[1], np.arange(nodes + 1))
        self._hops, self._most = hops, most

    def around(self, targets: NDArray[np.int64]) -> Neighborhood:
        """The joint neighbourhood of these nodes."""
        nodes, rows = np.unique(targets, return_inverse=True)
        found, frontier = [nodes], nodes
        from_, to, which = [], [], []
        known = nodes  # sorted
        for _ in range(self._hops):
            source, target, place = self._into(frontier)
            from_.append(source)
            to.append(target)
            which.append(place)
            frontier = np.setdiff1d(source, known)
            known = np.union1d(known, frontier)
            found.append(frontier)
        everyone = np.concatenate(found)
        order = np.argsort(everyone)
        places = order[np.searchsorted(everyone, np.concatenate([*from_, *to]), sorter=order)]
        return Neighborhood(
            everyone,
            places.reshape(2, -1),
            rows.reshape(-1).astype(np.int64),
            np.concatenate(which),
        )

    def _into(
        self, nodes: NDArray[np.int64]
    ) -> tuple[
        Int64[np.ndarray, " edges"], Int64[np.ndarray, " edges"], Int64[np.ndarray, " edges"]
    ]:
        """Sources, targets and indices of the selected edges into these nodes."""
        starts = self._starts[nodes]
        degrees = self._starts[nodes + 1] - starts
        taken = np.minimum(degrees, self._most)
        row = np.repeat(np.arange(len(nodes)), taken)
        turn = np.arange(len(row)) - np.repeat(np.cumsum(taken) - taken, taken)
        low = turn * degrees[row] // taken[row]
        high = (turn + 1) * degrees[row] // taken[row]
        asked = torch.from_numpy(self._ranks[nodes[row]] + (turn << 32))
        bits = random_bits(asked, seed=0, epoch=0, count=1)[:, 0].numpy()
        chosen = starts[row] + low + bits % (high - low)
        return self._sources[chosen], nodes[row], self._places[chosen]
