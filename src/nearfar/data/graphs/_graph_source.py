"""A source whose samples are the nodes of one graph."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from nearfar._deprecation import renamed_members
from nearfar.checks import check_integer
from nearfar.data._files import counted
from nearfar.data._source import Batch, Source, check_positions
from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._neighborhoods import Neighborhoods
from nearfar.data.graphs._ordered_edges import order_edges
from nearfar.inputs import Nodes

__all__ = ["GraphSource"]

MOST_EDGES = 5_000_000
MEMORY = 1 << 30  # bytes of features
FEW = 10  # incoming edges per node in sampled neighbourhoods
SPARSE = 0.1  # fraction of non-zero features


@final
@renamed_members(neighbours="neighbors", row_normalise="row_normalize")
class GraphSource(Source):
    """The nodes of a graph, with the graph that surrounds them.

    If the graph has a moderate size, every batch contains the whole graph: one matrix of features,
    one of edges, and the nodes that are the batch's samples. If it is larger, a batch contains the
    sampled neighbourhood of its nodes: `hops` hops, with at most `neighbors` incoming edges per
    node; the features can be memory-mapped.

    Args:
        graph: The graph.
        undirected: Whether to add the reverse of every edge.
        row_normalize: Whether to divide each node's features by their sum; by default only if no
            feature is negative.
        neighbors: Largest number of incoming edges per node in sampled neighbourhoods; 0 uses the
            whole graph at once. By default 0 up to 5 million edges and 1 GiB of features, and 10
            beyond.
        hops: Number of hops in sampled neighbourhoods; at least the number of the encoder's layers.
        edge_weights: Whether to use the weights of edges, if there are any.

    Attributes:
        num_features: Number of features per node.
        weighted: Whether edges have weights.

    Raises:
        TypeError: Node numbers that are not integers.
        ValueError: No nodes, or unusable edges or weights.
    """

    modality: ClassVar = "graphs"

    def __init__(
        self,
        graph: Graph,
        *,
        undirected: bool = True,
        row_normalize: bool | None = None,
        neighbors: int | None = None,
        hops: int = 2,
        edge_weights: bool = True,
    ) -> None:
        check_integer(at_least=1, hops=hops)
        count = len(graph.features)
        if count < 1:
            raise ValueError(f"{graph.name} must have at least 1 node, got {count}")
        self.graph, self.name = graph, graph.name
        self.num_features = graph.features.width
        self.weighted = graph.weights is not None and edge_weights
        ordered = order_edges(
            graph.edges,
            nodes=count,
            undirected=undirected,
            name=graph.name,
            weights=graph.weights if self.weighted else None,
        )
        self._edges, self.undirected = ordered.edges, undirected
        self._weights = None
        if ordered.weights is not None:
            self._weights = torch.from_numpy(ordered.weights.astype(np.float32))
        self.row_normalize = graph.features.not_negative if row_normalize is None else row_normalize
        if neighbors is None:
            small = self._edges.shape[1] <= MOST_EDGES and count * self.num_features * 4 <= MEMORY
            neighbors = 0 if small else FEW
        check_integer(at_least=0, neighbors=neighbors)
        self.neighbors, self.hops = neighbors, hops
        self.at_once = 256 if neighbors else count
        self._notes = (
            *graph.notes,
            *ordered.notes,
            *_weight_notes(graph, used=self.weighted),
            *graph.split_notes(),
        )
        if neighbors:
            ranks = None if graph.ids is None else graph.ids.ranks
            self._around = Neighborhoods(
                self._edges, nodes=count, hops=hops, most=neighbors, ranks=ranks
            )
            self._notes += (
                f"sampled neighbourhoods: {counted(hops, 'hop')}, at most"
                f" {counted(neighbors, 'incoming edge')} per node",
            )

    @property
    def whole(self) -> bool:
        """Whether every batch contains the whole graph."""
        return not self.neighbors

    @property
    def num_edges(self) -> int:
        """Number of directed edges; an undirected edge counts twice."""
        return int(self._edges.shape[1])

    def __len__(self) -> int:
        return len(self.graph.features)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        if self.whole:
            features, edges = self._everything
            return Batch(Nodes(features, edges, index, weights=self._weights), index)
        found = self._around.around(index.numpy())
        features = self.graph.features.rows(found.nodes, row_normalize=self.row_normalize)
        part = Nodes(
            features,
            torch.from_numpy(found.edges),
            torch.from_numpy(found.targets),
            torch.from_numpy(found.nodes),
            None if self._weights is None else self._weights[torch.from_numpy(found.places)],
        )
        return Batch(part, index)

    def identify(self, sample: int) -> str:
        return self.graph.node(sample)

    def describe(self) -> str:
        edges = self._edges.shape[1] // (2 if self.undirected else 1)
        return f"{len(self):,} nodes, {edges:,} edges, {self.num_features:,} features"

    @property
    def notes(self) -> tuple[str, ...]:
        return self._notes

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(self.graph.features.digest(), digest_size=8)
        digest.update(f"{self.row_normalize} {self.neighbors} {self.hops}".encode())
        digest.update(np.ascontiguousarray(self._edges).tobytes())
        if self._weights is not None:
            digest.update(self._weights.numpy().tobytes())
        if self.graph.ids is not None:
            digest.update("\0".join(self.graph.ids.texts.tolist()).encode())
        return digest.hexdigest()

    @cached_property
    def _everything(self) -> tuple[Tensor, Tensor]:
        features = self.graph.features.rows(np.arange(len(self)), row_normalize=self.row_normalize)
        if features.count_nonzero() < SPARSE * features.numel():
            features = features.to_sparse_coo().coalesce()  # type: ignore[no-untyped-call]
        return features, torch.from_numpy(self._edges)


def _weight_notes(graph: Graph, *, used: bool) -> tuple[str, ...]:
    """Whether the weights of edges are used."""
    if graph.weights is None:
        return ()
    if not used:
        return (f"edge weights of {graph.name} ignored",)
    low, high = float(graph.weights.min(initial=np.inf)), float(graph.weights.max(initial=-np.inf))
    extent = f" from {low:.3g} to {high:.3g}" if low <= high else ""
    return (f"edge weights{extent}: gcn uses them as strengths, sage ignores them",)
