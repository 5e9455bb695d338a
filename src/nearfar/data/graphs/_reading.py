"""Read graphs from files and objects, without unpickling."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, strided

from nearfar.data._files import counted, printable
from nearfar.data._numpy_files import map_array, open_arrays
from nearfar.data._specs import array_of
from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._node_features import CSR, NodeFeatures

__all__ = ["EDGE_ENDINGS", "LIST_ENDINGS", "read_data", "read_edge_list", "read_npz"]

EDGE_ENDINGS = (".edges", ".edgelist")
LIST_ENDINGS = (".csv", ".tsv", ".txt", *EDGE_ENDINGS)


def read_data(data: Any) -> Graph:
    """Read the ``x``, ``edge_index``, ``y`` and masks of a PyTorch Geometric ``Data`` object.

    Raises:
        ValueError: No features, or a mask with several splits.
    """
    values = getattr(data, "x", None)
    if values is None:
        raise ValueError("a graph must have node features: `x` of the Data object is missing")
    name = "graph"

    def chosen(key: str) -> NDArray[Any] | None:
        mask = getattr(data, f"{key}_mask", None)
        if mask is None:
            return None
        mask = np.asarray(mask)
        if mask.ndim != 1:
            raise ValueError(
                f"`{key}_mask` must be one split with one value per node, got shape {mask.shape}"
            )
        return np.flatnonzero(mask)

    labels = getattr(data, "y", None)
    return Graph(
        name=name,
        features=NodeFeatures(_matrix(values), name=name),
        edges=array_of(data.edge_index),
        labels=None if labels is None else array_of(labels),
        train=chosen("train"),
        test=chosen("test"),
    )


def read_npz(path: Path, *, features: Path | None = None) -> Graph:
    """Read a ``.npz`` file with ``edge_index`` and ``x``, or the arrays of a sparse ``x``.

    If present, ``y`` is used as labels, and ``train_idx`` and ``test_idx`` as a split.

    Raises:
        TypeError: An array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged, or lacks edges or features.
    """
    name = printable(path.name)
    arrays = _arrays(path)
    if "edge_index" not in arrays:
        raise ValueError(f"{name} must contain edge_index, got {', '.join(arrays) or 'nothing'}")
    held = _held(arrays)
    if held is not None and features is not None:
        raise ValueError(f"`features` is only for graphs without features, but {name} contains x")
    values = _read_features(features) if features is not None else held
    if values is None:
        raise ValueError(
            f"{name} must contain the nodes' features as x or as {', '.join(CSR)}; or pass them"
            f" as `features`. It contains {', '.join(arrays)}"
        )
    return Graph(
        name=path.stem,
        features=NodeFeatures(values, name=path.stem),
        edges=arrays["edge_index"],
        labels=arrays.get("y"),
        train=arrays.get("train_idx"),
        test=arrays.get("test_idx"),
    )


def read_edge_list(path: Path, *, features: Path | None) -> Graph:
    """Read a text file with one edge per line, and a file of node features.

    The text file has two columns of node numbers, starting from 0 and separated by commas, tabs or
    spaces, and optionally a header line. Lines that begin with ``#`` and further columns are
    ignored.

    Raises:
        ValueError: No features, or a line that is not an edge.
    """
    name = printable(path.name)
    if features is None:
        raise ValueError(
            f"an edge list has no node features: pass a file for {name} as `features`"
            " (.npy, .npz or .csv, one row per node)"
        )
    delimiter, header, columns = _layout(path)
    try:
        pairs = np.loadtxt(
            path,
            dtype=np.int64,
            comments="#",
            delimiter=delimiter,
            skiprows=header,
            usecols=(0, 1),
            ndmin=2,
            encoding="utf-8",
        )
    except ValueError as error:
        raise ValueError(f"{name} must contain two node numbers per line: {error}") from None
    notes = (f"{counted(columns - 2, 'further column')} of {name} ignored",) if columns > 2 else ()
    held = _read_features(features)
    return Graph(
        name=path.stem, features=NodeFeatures(held, name=path.stem), edges=pairs.T, notes=notes
    )


def _layout(path: Path) -> tuple[str | None, int, int]:
    """Delimiter, number of lines before the first edge, and number of columns."""
    passed = 0
    with path.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            if not line.strip() or line.startswith("#"):
                passed += 1
                continue
            delimiter = "," if "," in line else "\t" if "\t" in line else None
            fields = [field.strip() for field in line.strip().split(delimiter)]
            if len(fields) < 2:
                raise ValueError(
                    f"{printable(path.name)} must contain two node numbers per line, got"
                    f" {printable(line.strip())[:40]!r}"
                )
            header = not any(field.lstrip("-").isdigit() for field in fields[:2])
            return delimiter, passed + header, len(fields)
    raise ValueError(f"{printable(path.name)} contains no edges")


def _read_features(path: Path) -> NDArray[Any] | Mapping[str, NDArray[Any]]:
    name = printable(path.name)
    if not path.is_file():
        raise FileNotFoundError(f"`features`: no file {printable(str(path))}")
    ending = path.suffix.lower()
    if ending == ".npy":
        return map_array(path)
    if ending == ".npz":
        arrays = _arrays(path)
        held = _held(arrays)
        if held is None and len(arrays) == 1:
            (held,) = arrays.values()
        if held is None:
            raise ValueError(f"{name} must contain x or one matrix, got {', '.join(arrays)}")
        return held
    if ending in (".csv", ".tsv", ".txt"):
        with path.open(encoding="utf-8", errors="replace") as lines:
            first = next(lines, "")
        delimiter = "," if "," in first else "\t" if "\t" in first else None
        try:
            np.array([float(field) for field in first.split(delimiter)])
            header = 0
        except ValueError:
            header = 1
        try:
            rows: NDArray[Any] = np.loadtxt(
                path, np.float32, delimiter=delimiter, skiprows=header, ndmin=2, encoding="utf-8"
            )
        except ValueError as error:
            raise ValueError(f"{name} must contain numbers, one row per node: {error}") from None
        return rows
    raise ValueError(f"`features` must be a .npy, .npz or .csv file, got {name}")


def _held(arrays: Mapping[str, NDArray[Any]]) -> NDArray[Any] | Mapping[str, NDArray[Any]] | None:
    if "x" in arrays:
        return arrays["x"]
    return arrays if all(key in arrays for key in CSR) else None


def _arrays(path: Path) -> dict[str, NDArray[Any]]:
    with open_arrays(path) as arrays:
        return dict(arrays)


def _matrix(values: Any) -> NDArray[Any] | Mapping[str, NDArray[Any]]:
    if isinstance(values, Tensor) and values.layout != strided:
        rows = values.to_sparse_coo().coalesce()  # type: ignore[no-untyped-call]
        row, column = rows.indices().numpy()
        indptr = np.searchsorted(row, np.arange(values.shape[0] + 1))
        shape = np.array(values.shape)
        return dict(zip(CSR, (indptr, column, array_of(rows.values()), shape), strict=True))
    return array_of(values)
