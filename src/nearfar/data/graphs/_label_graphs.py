"""Nodes with labels, and the split the graph comes with."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nearfar.data._files import counted
from nearfar.data._labelled_data import LabelledData, with_labels
from nearfar.data._source import Source
from nearfar.data._subset import Subset
from nearfar.data.graphs._open_graphs import open_graphs
from nearfar.data.graphs._source import GraphSource

__all__ = ["label_graphs", "labelled_nodes"]


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
