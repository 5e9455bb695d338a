"""Edge lists: tables with one edge per row, and a file of node features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._edge_columns import ENDPOINTS, WEIGHTS
from nearfar.data._files import counted, file_ending, list_names, printable, shortened
from nearfar.data._number_cells import decimal_comma, is_missing, number
from nearfar.data._tables import TABLE_ENDINGS, table_of_frame
from nearfar.data.graphs._graph import Graph
from nearfar.data.graphs._graph_columns import (
    TEXT_ENDINGS,
    GraphColumns,
    is_number,
    layout_of,
    read_columns,
)
from nearfar.data.graphs._graph_parts import find_ids, graph_of_parts, places_of
from nearfar.data.graphs._node_ids import NodeIds, as_texts
from nearfar.data.graphs._node_tables import read_nodes

__all__ = ["EDGE_ENDINGS", "LIST_ENDINGS", "find_endpoints", "read_edge_list"]

EDGE_ENDINGS = (".edges", ".edgelist")
LIST_ENDINGS = (*TEXT_ENDINGS, *(end for end in TABLE_ENDINGS if end not in TEXT_ENDINGS))
_ROW_NAMES = ("", "unnamed: 0", "index", "__index_level_0__")
_FEW = 1_000  # rows that are looked at


@dataclass(frozen=True)
class Endpoints:
    """Places of the columns of an edge list.

    Attributes:
        source: Column of the sources.
        target: Column of the targets.
        weight: Column of the weights; None if there is none.
        ignored: Names of the other columns; their numbers without a header.
    """

    source: int
    target: int
    weight: int | None
    ignored: tuple[str, ...]


def find_endpoints(names: Sequence[str] | None, *, width: int, name: str) -> Endpoints:
    """Find the columns of an edge list by name; by place only in a file without names.

    Raises:
        ValueError: Fewer than two columns, or more than two with unknown names.

    Example:
        >>> find_endpoints(["weight", "source", "target"], width=3, name="g.csv")
        Endpoints(source=1, target=2, weight=0, ignored=())
    """
    if width < 2:
        found = ", ".join(names or ()) or counted(width, "column")
        raise ValueError(f"{name} must contain two nodes per line, source and target, got {found}")
    if names is None:
        rest = tuple(f"column {place}" for place in range(3, width + 1))
        return Endpoints(0, 1, None, rest)
    lower = [key.strip().lower() for key in names]
    weight = next((lower.index(key) for key in WEIGHTS if key in lower), None)
    known = [pair for pair in ENDPOINTS if set(pair) <= set(lower)]
    if known:
        source, target = lower.index(known[0][0]), lower.index(known[0][1])
    else:
        others = [p for p, key in enumerate(lower) if p != weight and key not in _ROW_NAMES]
        if len(others) != 2:
            raise ValueError(
                f"{name} must name its columns source and target (and weight), got"
                f" {', '.join(names)}"
            )
        source, target = others
    used = (source, target, weight)
    free = [place for place in range(width) if place not in used]
    rest = tuple(names[place] for place in free if lower[place] not in _ROW_NAMES)
    return Endpoints(source, target, weight, rest)


def read_edge_list(spec: Path | Any, *, features: Path | None) -> Graph:
    """Read a table with one edge per row, and a file of node features.

    Columns are found by name: ``source`` and ``target`` (``src``, ``dst``; ``from``, ``to``; …) and
    ``weight``. A text file without a header has the sources in its first and the targets in its
    second column, and in a third column with fractions the weights; lines that begin with ``#`` are
    ignored. Nodes are identified by a column of the features such as ``id``, else by their row,
    from 0. Without features, nodes are those that the edges have, and their features are degrees.

    Args:
        spec: A file, or a table of pandas, polars or pyarrow.
        features: A file with the features of the nodes.

    Raises:
        ValueError: A row that is not an edge, or an edge to an unknown node.
    """
    called = spec.stem if isinstance(spec, Path) else "table"
    if features is None:
        found = _fast(spec, None) or _slow(spec, None, named=True)
        return graph_of_parts(
            {}, None, name=called, edges=found.edges, weights=found.weights, notes=found.notes
        )
    nodes = read_nodes(features)
    ids = nodes.ids or find_ids(nodes.parts, nodes=len(nodes), name=printable(features.name))[0]
    found = _fast(spec, ids) or _slow(spec, ids)
    return graph_of_parts(
        nodes.parts,
        nodes.values,
        name=called,
        edges=found.edges,
        weights=found.weights,
        ids=ids,
        numbered=True,
        columns=nodes.columns,
        notes=(*nodes.notes, *found.notes),
    )


@dataclass(frozen=True)
class _Edges:
    edges: NDArray[Any]
    weights: NDArray[np.float64] | None
    notes: tuple[str, ...]


def _header(ids: NodeIds | None, rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first line names the columns rather than two nodes."""
    first = rows[0]
    lower = {cell.strip().lower() for cell in first}
    if any(set(pair) <= lower for pair in ENDPOINTS):
        return True
    if ids is not None and len(first) > 1:
        return len(rows) > 1 and bool((ids.positions(first[:2]) < 0).any())
    if _counts(first) and 3 <= len(rows) < _FEW:
        return not any(set(row[:2]) & {"1"} or row[0] == "0" for row in rows[1:])
    if len(first) > 1 and set(first[:2]) <= {cell for row in rows[1:] for cell in row[:2]}:
        return False  # names of nodes
    return not any(is_number(cell) for cell in first[:2])


def _counts(names: Sequence[str] | None) -> bool:
    """Whether columns are called 0, 1, …, as pandas does; 0, 1 can be an edge as well."""
    return names is not None and [name.strip() for name in names] == [*map(str, range(len(names)))]


def _columns(
    names: Sequence[str] | None, *, width: int, name: str, third: Sequence[Any]
) -> tuple[Endpoints, list[str]]:
    """Places of the columns, and notes on what their names do not tell.

    Args:
        names: Names of the columns, if the file has them.
        width: Number of columns.
        name: Name of the file.
        third: The first cells of the third column, if there are three.
    """
    notes = []
    if _counts(names):
        notes.append(
            f"the first row of {name} is read as names of columns: no other edge has node 1"
        )
        names = None
    found = find_endpoints(names, width=width, name=name)
    if names is None and width == 3 and _are_fractions(third):
        notes.append(f"the third column of {name} is read as the weights of the edges")
        found = replace(found, weight=2, ignored=())
    return found, notes


def _are_fractions(cells: Sequence[Any]) -> bool:
    """Whether cells are numbers of at least 0 that are not all whole."""
    mark = "," if decimal_comma(cells) else "."
    values = [number(cell, mark) for cell in cells if not is_missing(cell)]
    known = [value for value in values if value is not None]
    return len(known) == len(values) and any(v % 1 for v in known) and min(known) >= 0


def _fast(path: Path | Any, ids: NodeIds | None) -> _Edges | None:
    """Read a text file of integers by NumPy's reader; None if it is anything else."""
    if not isinstance(path, Path) or file_ending(path) not in TEXT_ENDINGS:
        return None
    if path.suffix.lower() == ".gz":
        return None
    name = printable(path.name)
    third: list[str] = []

    def is_header(rows: Sequence[Sequence[str]]) -> bool:
        third.extend(row[2] for row in rows[1:_FEW] if len(row) == 3)
        return _header(ids, rows)

    layout = layout_of(path, header=is_header)
    columns, named = _columns(layout.names, width=layout.width, name=name, third=third)
    if layout.empty:
        return None  # reading reports it

    def load(dtype: type, *wanted: int) -> NDArray[Any]:
        values: NDArray[Any] = np.loadtxt(
            path,
            dtype=dtype,
            comments="#",
            delimiter=layout.delimiter,
            skiprows=layout.passed,
            usecols=wanted,
            ndmin=2,
            encoding="utf-8",
        )
        return values

    try:
        pairs = load(np.int64, columns.source, columns.target)
        weights = None if columns.weight is None else load(np.float64, columns.weight)[:, 0]
    except (ValueError, OverflowError, UnicodeDecodeError):
        return None
    notes = (*named, *_ignored(columns.ignored, name))
    if ids is None:
        return _Edges(pairs.T, weights, notes)
    places = ids.positions(pairs.T.ravel()).reshape(2, -1)
    return _Edges(places_of(pairs.T, places, name=name), weights, notes)


def _slow(spec: Path | Any, ids: NodeIds | None, *, named: bool = False) -> _Edges:
    """Read any table, with identifiers of any type, also without known ones if `named`."""
    if isinstance(spec, Path):
        name = printable(spec.name)
        table = read_columns(spec, header=lambda rows: _header(ids, rows))
    else:
        name, held = "the table", table_of_frame(spec).columns
        names = None if _counts(tuple(held)) else tuple(held)
        table = GraphColumns(list(held.values()), names)
    width = len(table.columns)
    third = table.columns[2][:_FEW] if width == 3 else ()
    columns, said = _columns(table.names, width=width, name=name, third=third)
    texts = np.stack([as_texts(table.columns[p]) for p in (columns.source, columns.target)])
    missing = (texts == "").any(axis=0)
    notes = (*map(str, table.notes), *said)  # a skipped line is an edge, not a sample
    if missing.any():
        rows = [f"row {row}" for row in np.flatnonzero(missing)]
        skipped = f"{len(rows):,} of {texts.shape[1]:,} edges of {name} have a missing end"
        if 2 * len(rows) > texts.shape[1]:
            raise ValueError(f"more than half of the edges: {skipped}")
        notes = (*notes, f"{skipped} and were skipped: {list_names(rows)}")
    texts = texts[:, ~missing]
    edges: NDArray[Any] = texts
    if ids is not None:
        edges = places_of(texts, ids.positions(texts.ravel()).reshape(texts.shape), name=name)
    elif not named:
        try:
            edges = texts.astype(np.int64)
        except (ValueError, OverflowError):
            wrong = next(text for text in texts.ravel().tolist() if not _is_row_number(text))
            raise ValueError(
                f"{name} must contain two node numbers per line, got {printable(wrong)[:40]!r}: a"
                " column id in `features` identifies nodes by other names"
            ) from None
    weights = None
    if columns.weight is not None:
        cells = [table.columns[columns.weight][row] for row in np.flatnonzero(~missing).tolist()]
        weights, remarks = _weights(cells, name)
        notes = (*notes, *remarks)
    return _Edges(edges, weights, (*notes, *_ignored(columns.ignored, name)))


def _weights(cells: Sequence[Any], name: str) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Weights as numbers, 1 where none is given; decimal commas if no weight has a point."""
    mark = "," if decimal_comma(cells) else "."
    values = [1.0 if is_missing(cell) else number(cell, mark) for cell in cells]
    wrong = [row for row, value in enumerate(values) if value is None]
    if wrong:
        raise ValueError(
            f"edge weights of {name} must be numbers, got {shortened(cells[wrong[0]])!r} in row"
            f" {wrong[0]}"
        )
    missing = sum(map(is_missing, cells))
    notes = [f"decimal commas in the weights of {name}"] if mark == "," else []
    if missing:
        notes.append(f"{missing:,} of {len(cells):,} edges without a weight have weight 1")
    return np.array(values, dtype=np.float64), tuple(notes)


def _ignored(columns: Sequence[str], name: str) -> tuple[str, ...]:
    if not columns:
        return ()
    return (f"{counted(len(columns), 'further column')} of {name} ignored: {list_names(columns)}",)


def _is_row_number(text: str) -> bool:
    return text.lstrip("-").isdigit() and len(text) < 19
