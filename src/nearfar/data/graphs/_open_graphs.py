"""Open graphs, with labels or without: objects of PyTorch Geometric, arrays, lists of edges."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nearfar.data._data_kind import DataKind, Sureness
from nearfar.data._files import counted, printable
from nearfar.data._labelled_data import LabelledData, with_labels
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source
from nearfar.data._specs import Split, refuse_test
from nearfar.data._subset import Subset
from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._reading import (
    EDGE_ENDINGS,
    LIST_ENDINGS,
    read_data,
    read_edge_list,
    read_npz,
)
from nearfar.data.graphs._source import GraphSource

__all__ = ["GRAPHS", "label_graphs", "labelled_nodes", "open_graphs"]


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
    graph = _read_graph(spec, features=Path(features).expanduser() if features else None)
    source = GraphSource(
        graph, undirected=undirected, row_normalise=row_normalise, neighbours=neighbours, hops=hops
    )
    if split != "test":
        return source
    if graph.test is None:
        refuse_test(split, graph.name)
    assert graph.test is not None
    return Subset(source, graph.part(graph.test), name=f"{graph.name}-test")


def _read_graph(spec: Any, *, features: Path | None) -> Graph:
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


def label_graphs(spec: Any, *, labels: str | None = None, **options: Any) -> LabelledData:
    """Nodes and their classes, split as the graph says; -1 means that a node has no label.

    Args:
        spec: As for :func:`open_graphs`.
        labels: Nodes have one set of labels: None.
        options: As for :func:`open_graphs`.

    Raises:
        ValueError: No labels, one class only, or labels that do not fit the nodes.
    """
    if labels is not None:
        raise ValueError(f"`labels` must be a class for each node, got the name {labels!r}")
    source = open_graphs(spec, **options).root
    assert isinstance(source, GraphSource)
    return with_labels(*labelled_nodes(source))


def labelled_nodes(
    source: GraphSource,
) -> tuple[Source, NDArray[Any], Source | None, NDArray[Any] | None]:
    """Nodes to fit on and to judge on, with their labels; the latter None without a split.

    Raises:
        ValueError: No label, not one a node, or a split that names nodes which do not exist.
    """
    graph = source.graph
    if graph.labels is None:
        raise ValueError(f"{graph.name} has no labels: name them y, or give them as `labels`")
    given = graph.labels
    flat = given[:, 0] if given.ndim == 2 and given.shape[1] == 1 else given
    if flat.shape != (len(source),):
        raise ValueError(
            f"labels of {graph.name} must be one for each of {len(source):,} nodes,"
            f" got shape {given.shape}"
        )
    known = torch.from_numpy(flat != -1 if flat.dtype.kind in "if" else np.ones(len(flat), bool))
    missing = int((~known).sum())
    notes = (f"{counted(missing, 'node')} without a label left out",) if missing else ()
    if graph.test is None:
        (train,) = torch.nonzero(known, as_tuple=True)
        return Subset(source, train, notes=notes), flat[train.numpy()], None, None
    test = graph.part(graph.test)
    if graph.train is None:
        rest = known.clone()
        rest[test] = False
        (train,) = torch.nonzero(rest, as_tuple=True)
    else:
        train = graph.part(graph.train)
    train, test = train[known[train]], test[known[test]]
    return (
        Subset(source, train, notes=notes),
        flat[train.numpy()],
        Subset(source, test, name=f"{source.name}-test"),
        flat[test.numpy()],
    )


def _recognise(preview: DataPreview) -> Sureness:
    """Graphs of PyTorch Geometric, files of arrays with edges, and lists of edges."""
    if hasattr(preview.spec, "edge_index") or "edge_index" in preview.arrays:
        return Sureness.CERTAIN
    return Sureness.LIKELY if preview.ending in EDGE_ENDINGS else Sureness.NO


GRAPHS = DataKind(
    name="graphs",
    open=open_graphs,
    label=label_graphs,
    recognises=_recognise,
    endings=(".npz", *EDGE_ENDINGS),
    telling=("features",),
)
