"""Open graphs, with or without labels: PyTorch Geometric objects, arrays, edge lists."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nearfar._deprecation import renamed_arguments
from nearfar.data._data_kind import Confidence, DataKind
from nearfar.data._files import counted, printable
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source
from nearfar.data._specs import Split, refuse_test
from nearfar.data._subset import Subset
from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._graph_source import GraphSource
from nearfar.data.graphs._reading import (
    EDGE_ENDINGS,
    LIST_ENDINGS,
    read_data,
    read_edge_list,
    read_npz,
)

__all__ = ["GRAPHS", "label_graphs", "labeled_nodes", "open_graphs"]


@renamed_arguments(neighbours="neighbors", row_normalise="row_normalize")
def open_graphs(
    spec: Any,
    *,
    split: Split = "train",
    features: Path | str | None = None,
    undirected: bool = True,
    row_normalize: bool | None = None,
    neighbors: int | None = None,
    hops: int = 2,
) -> Source:
    """Open the nodes of a graph as unlabelled samples.

    Pretraining uses the features and edges of the whole graph, including the test nodes, but no
    labels.

    Args:
        spec: A PyTorch Geometric ``Data`` object; a ``.npz`` file with ``edge_index`` and ``x`` (or
            ``x_indptr``, ``x_indices``, ``x_data``, ``x_shape``); or an edge list, a ``.csv``,
            ``.tsv``, ``.txt``, ``.edges`` or ``.edgelist`` file with two node numbers per line.
        split: ``test`` selects the nodes of the graph's test set, if it has one; ``train`` and
            ``all`` are the whole graph.
        features: A ``.npy`` (memory-mapped), ``.npz`` or ``.csv`` file with one row per node, if
            `spec` has no features.
        undirected: As of :class:`GraphSource`.
        row_normalize: As of :class:`GraphSource`.
        neighbors: As of :class:`GraphSource`.
        hops: As of :class:`GraphSource`.

    Raises:
        TypeError: A file that only unpickling could read, or edges that are not integers.
        ValueError: An unusable graph; the message gives the reason.
    """
    graph = _read_graph(spec, features=Path(features).expanduser() if features else None)
    source = GraphSource(
        graph, undirected=undirected, row_normalize=row_normalize, neighbors=neighbors, hops=hops
    )
    if split != "test":
        return source
    if graph.test is None:
        refuse_test(split, graph.name)
    assert graph.test is not None
    return Subset(source, graph.part(graph.test), name=f"{graph.name}-test")


def _read_graph(spec: Any, *, features: Path | None) -> Graph:
    """Read a graph from a file or an object; the arguments are those of :func:`open_graphs`."""
    if isinstance(spec, Path):
        ending = spec.suffix.lower()
        if ending == ".npz":
            return read_npz(spec, features=features)
        if ending in LIST_ENDINGS:
            return read_edge_list(spec, features=features)
        raise ValueError(
            f"a graph must be a .npz file or an edge list ({' '.join(LIST_ENDINGS)}),"
            f" got {printable(str(spec))}"
        )
    if hasattr(spec, "edge_index"):
        if features is not None:
            raise ValueError("`features` is only for edge lists: a Data object has its own `x`")
        return read_data(spec)
    raise TypeError(f"a graph must be a path or a Data with edge_index, got {type(spec).__name__}")


def label_graphs(spec: Any, *, labels: str | None = None, **options: Any) -> LabeledData:
    """Open nodes with their classes and the graph's split; -1 marks unlabelled nodes.

    Args:
        spec: Graph, as in :func:`open_graphs`.
        labels: Must be None: nodes have a single set of labels.
        options: Options of :func:`open_graphs`.

    Raises:
        ValueError: No labels, only one class, or labels that do not match the nodes.
    """
    if labels is not None:
        raise ValueError(f"`labels` must be one class per node, got the name {labels!r}")
    source = open_graphs(spec, **options).root
    assert isinstance(source, GraphSource)
    return with_labels(*labeled_nodes(source))


def labeled_nodes(
    source: GraphSource,
) -> tuple[Source, NDArray[Any], Source | None, NDArray[Any] | None]:
    """Labelled nodes for training and for evaluation; the latter are None without a split.

    Raises:
        ValueError: No labels, a number of labels other than the number of nodes, or a split with
            nodes that do not exist.
    """
    graph = source.graph
    if graph.labels is None:
        raise ValueError(f"{graph.name} has no labels: name them y, or pass them as `labels`")
    given = graph.labels
    flat = given[:, 0] if given.ndim == 2 and given.shape[1] == 1 else given
    if flat.shape != (len(source),):
        raise ValueError(
            f"labels of {graph.name} must be one per node, {len(source):,}, got shape {given.shape}"
        )
    known = torch.from_numpy(flat != -1 if flat.dtype.kind in "if" else np.ones(len(flat), bool))
    missing = int((~known).sum())
    notes = (f"{counted(missing, 'node')} without a label excluded",) if missing else ()
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


def _recognize(preview: DataPreview) -> Confidence:
    """Recognise PyTorch Geometric objects, array files with edges, and edge lists."""
    if hasattr(preview.spec, "edge_index") or "edge_index" in preview.arrays:
        return Confidence.CERTAIN
    return Confidence.LIKELY if preview.ending in EDGE_ENDINGS else Confidence.NO


GRAPHS = DataKind(
    name="graphs",
    open=open_graphs,
    label=label_graphs,
    recognizes=_recognize,
    endings=(".npz", *EDGE_ENDINGS),
    implied_by=("features",),
)
"""How graphs are recognised and opened."""
