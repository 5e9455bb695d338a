"""Cora and Citeseer: citation graphs with their public split."""

from __future__ import annotations

import io
import pickle
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any, ClassVar, final

import numpy as np
from numpy.typing import NDArray

from nearfar.data.named._archives import Archive, Places, obtain
from nearfar.data.named._named_set import NamedSet

__all__ = ["load_citeseer", "load_cora", "read_planetoid"]

SERVER = (
    "https://raw.githubusercontent.com/kimiyoung/planetoid"
    "/af6abf468a772cc055bec88c52e4d6f51b7c37e3/data"
)
_RECONSTRUCT: Any = np.empty(0).__reduce__()[0]  # its name differs between NumPy versions
PARTS = ("allx", "ally", "graph", "test.index", "tx", "ty", "y")
MD5 = {
    "cora": (
        "c9083193a57057dd1238321e140194d7",
        "125d70817fe1fdbfdcad991995e81579",
        "b37c419cec179f45834467630c278e4c",
        "9b822cae1d01f41e8bf8782e20367c0e",
        "b29c36916768e1d2f55391c1aa9317ac",
        "48bf43f54fa5b86089a4bd0299795f10",
        "78344284e3ff7fd24eb9c307d51351eb",
    ),
    "citeseer": (
        "28486b4b9c4ee076b4eee2febd89ba86",
        "f0df7e5f859245e32987bfd224d01657",
        "5f88483d5f5cc2b26b987bbbfb695005",
        "70af39d4dff8aaa5c63f8dc526b16534",
        "c25ab826a7e95c0922ab625de705f7df",
        "356894a73b7a7eff43c3580f2fcf92a4",
        "8b99f50aa950fbbf9a7a2b71ff9cac97",
    ),
}


def load_cora(places: Places) -> NamedSet:
    """Citation graph of 2,708 machine learning papers with bag-of-words features."""
    return _load("cora", places)


def load_citeseer(places: Places) -> NamedSet:
    """Citation graph of 3,327 computer science papers; 15 have neither words nor a class."""
    return _load("citeseer", places)


def _load(name: str, places: Places) -> NamedSet:
    """The whole graph for pretraining; 20 labelled nodes per class for probes, 1,000 test nodes."""
    from nearfar.data.graphs import Graph, GraphSource, NodeFeatures
    from nearfar.data.graphs._open_graphs import labeled_nodes
    from nearfar.data.graphs._reading import read_arrays

    packed = places.find(f"planetoid_{name}.npz")
    if packed is not None:
        found = read_arrays(packed)
        graph = Graph(name, found.features, found.edges, found.labels, found.train, found.test)
    else:
        held = read_planetoid({part: _obtain(name, part, places) for part in PARTS})
        features = NodeFeatures(held, name=name)
        graph = Graph(
            name, features, held["edge_index"], held["y"], held["train_idx"], held["test_idx"]
        )
    whole = GraphSource(graph, row_normalize=True)
    train, labels, test, test_labels = labeled_nodes(whole)
    assert test is not None
    assert test_labels is not None
    return NamedSet(
        pretrain=whole,
        train=train,
        labels={"class": labels},
        test=test,
        test_labels={"class": test_labels},
        everything=whole,
    )


def _obtain(name: str, part: str, places: Places) -> bytes:
    file = f"ind.{name}.{part}"
    archive = Archive(file, (f"{SERVER}/{file}",), MD5[name][PARTS.index(part)])
    return obtain(archive, name=name, places=places).read_bytes()


def read_planetoid(files: dict[str, bytes]) -> dict[str, NDArray[Any]]:
    """Read a graph from the authors' files, as arrays named as in a ``.npz`` file of a graph.

    The files are pickles. Their checksums are verified, and only arrays, sparse matrices, lists and
    dictionaries are unpickled.

    Args:
        files: Content of ``allx``, ``ally``, ``graph``, ``test.index``, ``tx``, ``ty`` and ``y``.
    """
    known, held_out = _Plain.read(files["allx"]), _Plain.read(files["tx"])
    order = np.array(files["test.index"].split(), dtype=np.int64)
    nodes = max(known.shape[0], int(order.max()) + 1)
    # nodes missing from the test set's range of numbers have neither words nor a class
    rows = [*_rows(known), *_rows(held_out)]
    number = [*range(known.shape[0]), *order.tolist()]
    words: list[Any] = [(np.empty(0, np.int64), np.empty(0, np.float32))] * nodes
    for node, row in zip(number, rows, strict=True):
        words[node] = row
    labels = np.full(nodes, -1)
    for first, part in ((np.arange(known.shape[0]), "ally"), (order, "ty")):
        one_hot = _Plain.read(files[part])
        labels[first] = np.where(one_hot.any(axis=1), one_hot.argmax(axis=1), -1)
    graph = _Plain.read(files["graph"])
    return {
        "x_indptr": np.cumsum([0, *(len(columns) for columns, _ in words)]),
        "x_indices": np.concatenate([columns for columns, _ in words]),
        "x_data": np.concatenate([values for _, values in words]),
        "x_shape": np.array([nodes, known.shape[1]]),
        "edge_index": np.array(list(chain(*([(a, b) for b in graph[a]] for a in graph)))).T,
        "y": labels,
        "train_idx": np.arange(len(_Plain.read(files["y"]))),
        "test_idx": np.sort(order),
    }


def _rows(matrix: _Sparse) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    for first, last in zip(matrix.indptr[:-1], matrix.indptr[1:], strict=True):
        yield matrix.indices[first:last], matrix.data[first:last]


@final
class _Sparse:
    """The arrays of a pickled sparse matrix."""

    indptr: NDArray[Any]
    indices: NDArray[Any]
    data: NDArray[Any]
    _shape: tuple[int, int]

    @property
    def shape(self) -> tuple[int, int]:
        return self._shape


@final
class _Plain(pickle.Unpickler):
    """An unpickler restricted to arrays, sparse matrices, lists and dictionaries."""

    known: ClassVar[dict[tuple[str, str], Callable[..., Any]]] = {
        ("numpy.core.multiarray", "_reconstruct"): _RECONSTRUCT,
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("scipy.sparse.csr", "csr_matrix"): _Sparse,
        ("__builtin__", "list"): list,
        ("builtins", "list"): list,
        ("collections", "defaultdict"): defaultdict,
    }

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in self.known:
            raise pickle.UnpicklingError(f"{module}.{name} is not allowed in a graph's file")
        return self.known[module, name]

    @classmethod
    def read(cls, content: bytes) -> Any:
        return cls(io.BytesIO(content), encoding="latin1").load()
