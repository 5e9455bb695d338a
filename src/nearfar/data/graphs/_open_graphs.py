"""Open graphs: a `Data` of PyTorch Geometric, a file of arrays, an edge list with features."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from nearfar.data._files import printable
from nearfar.data._source import Source
from nearfar.data._specs import Split, refuse_test
from nearfar.data._subset import Subset
from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._reading import LIST_ENDINGS, read_data, read_edge_list, read_npz
from nearfar.data.graphs._source import GraphSource

__all__ = ["open_graphs", "read_graph"]


def open_graphs(
    spec: Any,
    *,
    split: Split = "train",
    features: Path | str | None = None,
    undirected: bool = True,
    row_normalise: bool | None = None,
    neighbours: int | None = None,
    hops: int = 2,
) -> Source:
    """The nodes of a graph as unlabelled samples.

    Pretraining sees the whole graph, the nodes of its test set too: it reads features and edges,
    never a label.

    Args:
        spec: A ``Data`` of PyTorch Geometric; a ``.npz`` file with ``edge_index`` and ``x`` (or
            ``x_indptr``, ``x_indices``, ``x_data``, ``x_shape``); a list of edges, a ``.csv``,
            ``.tsv``, ``.txt``, ``.edges`` or ``.edgelist`` file with two node numbers a line.
        split: Where the graph says so, the nodes of the test set alone; ``train`` and ``all`` are
            the whole graph.
        features: A ``.npy`` (read only where asked), ``.npz`` or ``.csv`` file with one row a node,
            where `spec` has none.
        undirected: Add the other direction of every edge.
        row_normalise: Divide each node's features by their sum; if not given, where no feature is
            negative.
        neighbours: Edges into a node that are followed, 0 for the whole graph at once; if not
            given, 0 up to 5 million edges and 1 GiB of features, 10 beyond.
        hops: Steps away from a node where the graph is not read whole.

    Raises:
        TypeError: Something that only unpickling could read, or edges that are no whole numbers.
        ValueError: The graph cannot be used; the reason is said.
    """
    graph = read_graph(spec, features=Path(features).expanduser() if features else None)
    source = GraphSource(
        graph, undirected=undirected, row_normalise=row_normalise, neighbours=neighbours, hops=hops
    )
    if split != "test":
        return source
    if graph.test is None:
        refuse_test(split, graph.name)
    assert graph.test is not None
    return Subset(source, graph.part(graph.test), name=f"{graph.name}-test")


def read_graph(spec: Any, *, features: Path | None) -> Graph:
    """A graph from whatever it is in; arguments as of :func:`open_graphs`."""
    if isinstance(spec, Path):
        ending = spec.suffix.lower()
        if ending == ".npz":
            return read_npz(spec, features=features)
        if ending in LIST_ENDINGS:
            return read_edge_list(spec, features=features)
        raise ValueError(
            f"a graph must be a .npz file or a list of edges ({' '.join(LIST_ENDINGS)}),"
            f" got {printable(str(spec))}"
        )
    if hasattr(spec, "edge_index"):
        if features is not None:
            raise ValueError("`features` belong to a file of edges; a Data has its own in `x`")
        return read_data(spec)
    raise TypeError(f"a graph must be a path or a Data with edge_index, got {type(spec).__name__}")
