"""Graphs in every format, compared by node: features, edges, weights and classes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from reading_case import Case, Outcome, compare_arrays
from torch_geometric.data import Data

from nearfar.data import open_labeled, open_source

__all__ = ["cases"]

NODES, FEATURES = 12, 3
SINGLE = 1e-6  # rounding of features and weights to single precision


@dataclass(frozen=True)
class Network:
    """A directed graph: features, edges and their weights, and classes, by number of the node."""

    features: NDArray[np.float64]
    edges: NDArray[np.int64]
    weights: NDArray[np.float64]
    classes: NDArray[np.int64]

    @property
    def adjacency(self) -> NDArray[np.float64]:
        """Weight of the edge from each node to each node; 0 without one."""
        dense = np.zeros((NODES, NODES))
        dense[self.edges[0], self.edges[1]] = self.weights
        return dense


def network(*, weighted: bool) -> Network:
    """Distinct edges without loops, to which no order is natural."""
    random = np.random.default_rng(0)
    every = np.array([(a, b) for a in range(NODES) for b in range(NODES) if a != b])
    edges = every[random.permutation(len(every))[:30]].T
    weights = random.uniform(0.5, 2, 30) if weighted else np.ones(30)
    features = random.normal(size=(NODES, FEATURES))
    return Network(features, edges, weights, np.arange(NODES) % 3)


@dataclass(frozen=True)
class Stored:
    """A way to store a graph.

    Attributes:
        format: Name of the format.
        content: How nodes and edges are named and ordered.
        make: Writes the graph, and returns what nearfar is given.
        order: Number of each node, in the order in which nearfar reads them.
    """

    format: str
    content: str
    make: Callable[[Network, Path], tuple[Any, dict[str, Any]]]
    order: tuple[int, ...] = field(default=tuple(range(NODES)))


def as_npz(net: Network, folder: Path, *, sparse: bool = False, ids: bool = False) -> Any:
    held: dict[str, Any] = {"edge_index": net.edges, "y": net.classes}
    if (net.weights != 1).any():
        held["edge_weight"] = net.weights
    if sparse:
        from scipy.sparse import csr_matrix

        rows = csr_matrix(net.features)
        held |= {"x_indptr": rows.indptr, "x_indices": rows.indices}
        held |= {"x_data": rows.data, "x_shape": np.array(rows.shape)}
    else:
        held["x"] = net.features
    if ids:
        held["ids"] = np.arange(NODES) * 7 + 100
        held["edge_index"] = held["ids"][net.edges]
    np.savez(folder / "g.npz", **held)
    return folder / "g.npz", {}


def names_of(numbers: NDArray[np.int64]) -> list[str]:
    return [f"node {'abcdefghijkl'[number]}" for number in numbers]


PERMUTED = tuple(np.random.default_rng(5).permutation(NODES).tolist())


def as_tables(
    net: Network,
    folder: Path,
    *,
    ending: str,
    ends: tuple[str, str] = ("source", "target"),
    first: str = "",
    named: bool = False,
    header: bool = True,
) -> Any:
    """An edge list, whose columns begin with `first`, and a table of nodes."""
    source, target = ([*names_of(end)] if named else end for end in net.edges)
    edges = pd.DataFrame({ends[0]: source, ends[1]: target, "weight": net.weights})
    if (net.weights == 1).all():
        del edges["weight"]
    chosen = sorted(edges, key=lambda name: name != first)
    nodes = pd.DataFrame(net.features, columns=["age", "income", "height"])
    nodes["label"] = net.classes
    if named:
        nodes["id"] = names_of(np.arange(NODES))
        nodes = nodes.iloc[list(PERMUTED)]
    paths = folder / f"edges{ending}", folder / f"nodes{ending}"
    for path, held in zip(paths, (edges[chosen], nodes), strict=True):
        if ending == ".parquet":
            held.to_parquet(path, index=False)
        elif ending == ".jsonl":
            held.to_json(path, orient="records", lines=True, double_precision=15)
        else:
            mark = "\t" if ending == ".tsv" else ","
            held.to_csv(path, sep=mark, index=False, header=header or held is nodes)
    return paths[0], {"features": paths[1]}


def as_networkx(net: Network, *, named: bool) -> Any:
    graph = nx.DiGraph()
    names = names_of(np.arange(NODES)) if named else list(range(NODES))
    for name, row, label in zip(names, net.features, net.classes, strict=True):
        values = dict(zip(("age", "income", "height"), row.tolist(), strict=True))
        graph.add_node(name, **values, y=int(label))
    for (source, target), weight in zip(net.edges.T.tolist(), net.weights.tolist(), strict=True):
        extra = {} if (net.weights == 1).all() else {"weight": weight}
        graph.add_edge(names[source], names[target], **extra)
    return graph


def as_file(net: Network, folder: Path, *, ending: str, named: bool) -> Any:
    path = folder / f"g{ending}"
    writers = {".graphml": nx.write_graphml, ".gml": nx.write_gml, ".gexf": nx.write_gexf}
    writers[ending](as_networkx(net, named=named), path)
    return path, {}


def as_data(net: Network, folder: Path, *, edges: str) -> Any:
    x, y = torch.from_numpy(net.features), torch.from_numpy(net.classes)
    pairs, weights = torch.from_numpy(net.edges), torch.from_numpy(net.weights)
    weighted = bool((weights != 1).any())
    if edges == "edge_index":
        extra = {"edge_weight": weights} if weighted else {}
        return Data(x=x, y=y, edge_index=pairs, **extra), {}
    adjacency = torch.sparse_coo_tensor(pairs.flip(0), weights, (NODES, NODES)).coalesce()
    kept = adjacency.to_sparse_csr() if edges == "CSR" else adjacency
    return Data(x=x, y=y, adj_t=kept), {}


def stored() -> list[Stored]:
    own = [
        Stored(".npz", "features", as_npz),
        Stored(".npz", "sparse features", partial(as_npz, sparse=True)),
        Stored(".npz", "nodes with `ids`", partial(as_npz, ids=True)),
    ]
    for ending, shown in (
        (".csv", "CSV"),
        (".tsv", "TSV"),
        (".parquet", "Parquet"),
        (".jsonl", "JSON lines"),
    ):
        make = partial(as_tables, ending=ending)
        own += [
            Stored(f"edge list, {shown}", "source, target", make),
            Stored(f"edge list, {shown}", "target, source", partial(make, first="target")),
            Stored(f"edge list, {shown}", "weight first", partial(make, first="weight")),
            Stored(f"edge list, {shown}", "src, dst", partial(make, ends=("src", "dst"))),
            Stored(
                f"edge list, {shown}",
                "nodes with names, in another order",
                partial(make, named=True),
                PERMUTED,
            ),
        ]
    own.append(
        Stored("edge list, CSV", "no header", partial(as_tables, ending=".csv", header=False))
    )
    for ending, shown in ((".graphml", "GraphML"), (".gml", "GML"), (".gexf", "GEXF")):
        for named in (False, True):
            content = "nodes with names" if named else "nodes with numbers"
            own.append(Stored(shown, content, partial(as_file, ending=ending, named=named)))
    own += [
        Stored("NetworkX", "nodes with numbers", lambda n, f: (as_networkx(n, named=False), {})),
        Stored("NetworkX", "nodes with names", lambda n, f: (as_networkx(n, named=True), {})),
    ]
    own += [
        Stored("PyTorch Geometric", shown, partial(as_data, edges=edges))
        for edges, shown in (
            ("edge_index", "`edge_index`"),
            ("COO", "`adj_t`, COO"),
            ("CSR", "`adj_t`, CSR"),
        )
    ]
    return own


WHAT = ("features", "edges", "weights", "classes")


def run(held: Stored, what: str, folder: Path) -> Outcome:
    net = network(weighted=what == "weights")
    spec, options = held.make(net, folder)
    given = {"modality": "graphs", **options}
    order = list(held.order)
    if what == "classes":
        found = open_labeled(spec, **given)
        named = np.array([int(found.class_names[c]) for c in found.train_labels.tolist()])
        return compare_arrays(named, net.classes[order].astype(float), tolerance=0)
    nodes = open_source(spec, undirected=False, row_normalize=False, **given)
    batch = nodes.read(range(len(nodes))).inputs
    if what == "features":
        dense = batch.features.to_dense().numpy()
        return compare_arrays(dense, net.features[order], tolerance=SINGLE, exact=SINGLE)
    pairs = batch.edges.numpy()
    weights = np.ones(pairs.shape[1]) if batch.weights is None else batch.weights.numpy()
    if (what == "weights") != (batch.weights is not None):
        nameless = held.content == "no header" and what == "weights"
        ignored = any("ignored" in note for note in nodes.notes)
        return Outcome(nameless and ignored, "ignored" if nameless else "weights are missing")
    dense = np.zeros((NODES, NODES))
    dense[pairs[0], pairs[1]] = weights
    expected = net.adjacency[np.ix_(order, order)]
    return compare_arrays(dense, expected, tolerance=SINGLE, exact=SINGLE)


def cases() -> list[Case]:
    return [
        Case("Graphs", held.format, held.content, what, partial(run, held, what))
        for held in stored()
        for what in WHAT
    ]
