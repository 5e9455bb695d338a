"""Open graphs, with or without labels: PyTorch Geometric objects, arrays, edge lists."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar._audience import named
from nearfar._deprecation import renamed_arguments
from nearfar.data._array_files import array_ending
from nearfar.data._data_kind import Confidence, DataKind
from nearfar.data._edge_columns import is_edge_list, may_be_edges
from nearfar.data._files import counted, file_ending, list_names, printable
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._omissions import Omission
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source
from nearfar.data._specs import Split, refuse_test
from nearfar.data._subset import Subset
from nearfar.data._tables import is_frame
from nearfar.data.graphs._bare_graphs import DEGREES
from nearfar.data.graphs._edge_lists import EDGE_ENDINGS, LIST_ENDINGS, read_edge_list
from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._graph_columns import TEXT_ENDINGS
from nearfar.data.graphs._graph_source import GraphSource
from nearfar.data.graphs._network_files import NETWORK_ENDINGS, is_network, read_network
from nearfar.data.graphs._reading import is_graph_object, read_arrays, read_data

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
    edge_weights: bool = True,
    columns: Sequence[str] | None = None,
) -> Source:
    """Open the nodes of a graph as unlabelled samples.

    Pretraining uses the features and edges of the whole graph, including the test nodes, but no
    labels.

    Args:
        spec: A PyTorch Geometric ``Data`` object with ``edge_index`` or ``adj_t``; a ``.npz`` file
            with ``edge_index`` and ``x`` (or ``x_indptr``, ``x_indices``, ``x_data``, ``x_shape``);
            or an edge list: a ``.csv``, ``.tsv``, ``.txt``, ``.edges``, ``.edgelist``, ``.parquet``
            or ``.jsonl`` file, or a table of pandas, polars or pyarrow, with the columns
            ``source``, ``target`` and possibly ``weight``; or a NetworkX graph or a ``.graphml``,
            ``.gml`` or ``.gexf`` file.
        split: ``test`` selects the nodes of the graph's test set, if it has one; ``train`` and
            ``all`` are the whole graph.
        features: A ``.npy`` (memory-mapped) or ``.npz`` file or a table with one row per node, if
            `spec` has no features. A column ``id`` identifies the nodes. Without any, the features
            are one-hot degrees.
        undirected: Whether to add the reverse of every edge.
        row_normalize: Whether to divide each node's features by their sum; by default only if no
            feature is negative.
        neighbors: Largest number of incoming edges per node in sampled neighbourhoods; 0 uses the
            whole graph at once. By default 0 up to 5 million edges and 1 GiB of features, and 10
            beyond.
        hops: Number of hops in sampled neighbourhoods.
        edge_weights: Whether to use the weights of edges, if there are any.
        columns: Names of the features in the order in which an encoder expects them; features of a
            table are put in this order.

    Raises:
        TypeError: A file that only unpickling could read, or edges that are not integers.
        ValueError: An unusable graph; the message gives the reason.
    """
    graph = _read_graph(spec, features=Path(features).expanduser() if features else None)
    if columns is not None and graph.columns == DEGREES and tuple(columns) != DEGREES:
        raise ValueError(
            f"{graph.name} has no node features, but the encoder expects"
            f" {list_names(list(columns), most=20)}: pass them as {named('features')} (.npy, .npz"
            " or a table, one row per node)"
        )
    graph = graph if columns is None else graph.with_columns(columns)
    source = GraphSource(
        graph,
        undirected=undirected,
        row_normalize=row_normalize,
        neighbors=neighbors,
        hops=hops,
        edge_weights=edge_weights,
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
        ending = file_ending(spec)
        if array_ending(spec):
            return read_arrays(spec, features=features)
        if ending in NETWORK_ENDINGS:
            return read_network(spec, features=features)
        if ending in LIST_ENDINGS:
            return read_edge_list(spec, features=features)
        raise ValueError(
            f"a graph must be a file of arrays (.npz), an edge list ({' '.join(LIST_ENDINGS)}) or a"
            f" file of NetworkX ({' '.join(NETWORK_ENDINGS)}), got {printable(str(spec))}"
        )
    if is_frame(spec):
        return read_edge_list(spec, features=features)
    if is_network(spec):
        return read_network(spec, features=features)
    if is_graph_object(spec):
        return read_data(spec, features=features)
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
    flat, known = _known(flat)
    missing = int((~known).sum())
    excluded = Omission(f"{counted(missing, 'node')} without a label excluded")
    notes: list[str] = [excluded] if missing else []
    shared = graph.shared()
    if len(shared):
        raise ValueError(
            f"no node of {graph.name} may be in both the training set and the test set, got"
            f" {len(shared):,}: {list_names([graph.node(int(node)) for node in shared])}"
        )
    if graph.evaluated is None and graph.train is None:
        (train,) = torch.nonzero(known, as_tuple=True)
        return Subset(source, train, notes=tuple(notes)), flat[train.numpy()], None, None
    parts = _parts(graph, known, notes)
    (train, test), words = parts, "test" if graph.validation is None else "test or validation"
    for part, name in ((train, "training"), (test, words)):
        if not len(part):
            raise ValueError(f"no {name} node of {graph.name} has a label")
    return (
        Subset(source, train, notes=tuple(notes)),
        flat[train.numpy()],
        Subset(source, test, name=f"{source.name}-test"),
        flat[test.numpy()],
    )


def _known(labels: NDArray[Any]) -> tuple[NDArray[Any], Tensor]:
    """Labels as integers or strings, and which nodes have one: not -1, NaN or empty."""
    if labels.dtype.kind == "f":
        known = np.isfinite(labels) & (labels != -1)
        if (labels[known] == labels[known].round()).all():
            labels = np.where(known, labels, -1).astype(np.int64)
    elif labels.dtype.kind in "US":
        known = labels != np.array("", labels.dtype)
    else:
        known = labels != -1
    return labels, torch.from_numpy(np.asarray(known, bool))


def _parts(graph: Graph, known: Tensor, notes: list[str]) -> tuple[Tensor, Tensor]:
    """Labelled nodes for training and for evaluation; absent parts are completed with a note."""
    chosen = [None if part is None else graph.part(part) for part in (graph.train, graph.evaluated)]
    for place, (words, other) in enumerate(
        (("training", "evaluation"), ("evaluation", "training"))
    ):
        if chosen[place] is None:
            rest = known.clone()
            others = chosen[1 - place]
            assert others is not None
            rest[others] = False
            (chosen[place],) = torch.nonzero(rest, as_tuple=True)
            notes.append(f"no {words} set: all labelled nodes outside the {other} set")
    train, test = chosen
    assert train is not None
    assert test is not None
    if graph.test is None and graph.validation is not None:
        notes.append("no test set: probes are evaluated on the validation set")
    train, test = train[known[train]], test[known[test]]
    used = torch.zeros(len(known), dtype=torch.bool)
    used[train] = used[test] = True
    idle = int((known & ~used).sum())
    if idle:
        notes.append(f"{counted(idle, 'labelled node')} outside the training and test sets unused")
    return train, test


def _recognize(preview: DataPreview) -> Confidence:
    """Recognise PyTorch Geometric objects, array files with edges, and edge lists."""
    if is_graph_object(preview.spec) or is_network(preview.spec):
        return Confidence.CERTAIN
    if preview.ending in NETWORK_ENDINGS or "edge_index" in preview.arrays:
        return Confidence.CERTAIN
    if preview.table is not None and is_edge_list(preview.table):
        return Confidence.CERTAIN
    return Confidence.LIKELY if preview.ending in EDGE_ENDINGS else Confidence.NO


def _admits(preview: DataPreview) -> bool:
    """Whether data can be a graph: tables of two nodes per row, arrays of edges, lines of text."""
    if preview.table is not None:
        return may_be_edges(preview.table)
    shapes = [*preview.arrays.values(), *([preview.shape] if preview.shape else [])]
    edges = any(len(shape) == 2 and 2 in shape for shape in shapes)
    return edges or preview.ending in TEXT_ENDINGS


GRAPHS = DataKind(
    name="graphs",
    open=open_graphs,
    label=label_graphs,
    recognizes=_recognize,
    admits=_admits,
    endings=(".npz", *EDGE_ENDINGS, *NETWORK_ENDINGS),
    implied_by=("features",),
    own_files=("features",),
)
"""How graphs are recognised and opened."""
