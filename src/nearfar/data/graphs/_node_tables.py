"""Node features from a file of their own, with identifiers, classes and split if it has them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._array_files import array_ending, open_array_file
from nearfar.data._files import printable
from nearfar.data._identifier_columns import called_identifier, identifying, is_whole
from nearfar.data._labeled_data import LABELS
from nearfar.data._number_cells import is_missing, number
from nearfar.data._number_columns import NumberTable, comma_in, numbers_of
from nearfar.data._table_header import judge_first_row
from nearfar.data._tables import Table
from nearfar.data.graphs._graph_columns import GraphColumns, read_columns
from nearfar.data.graphs._graph_parts import Features, find_features
from nearfar.data.graphs._node_ids import ID_COLUMNS, NodeIds, as_texts
from nearfar.data.graphs._node_split import SPLIT_NAMES, split_of_column

__all__ = ["NodeTable", "nodes_of_columns", "read_nodes"]

_SPLIT = "split"


@dataclass(frozen=True)
class NodeTable:
    """What a file says about nodes.

    Attributes:
        values: Features.
        ids: Identifier of each node; None if nodes are identified by their row.
        parts: Labels and split, named as in an array file.
        notes: Notes on the columns.
        columns: Name of each feature, if the file names them.
    """

    values: Features
    ids: NodeIds | None = None
    parts: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    columns: tuple[str, ...] | None = None

    def __len__(self) -> int:
        values = self.values
        return int(values["x_shape"][0]) if isinstance(values, Mapping) else len(values)


def read_nodes(path: Path) -> NodeTable:
    """Read the features of nodes from a file of arrays or a table.

    Raises:
        FileNotFoundError: No such file.
        ValueError: The file is damaged or contains no features.
    """
    name = printable(path.name)
    if not path.exists():
        raise FileNotFoundError(f"`features`: no file {printable(str(path))}")
    if array_ending(path):
        return _of_arrays(path)
    return nodes_of_columns(
        read_columns(path, header=lambda rows: judge_first_row(rows).names), name=name
    )


def _of_arrays(path: Path) -> NodeTable:
    name = printable(path.name)
    with open_array_file(path) as opened:
        arrays = dict(opened)
    held = find_features(arrays)
    if held is None and len(arrays) == 1:
        (held,) = arrays.values()
    if held is None:
        raise ValueError(f"{name} must contain x or one matrix, got {', '.join(arrays)}")
    others = {key: array for key, array in arrays.items() if array is not held}
    return NodeTable(held, parts=others)


def nodes_of_columns(table: GraphColumns, *, name: str, ids: NodeIds | None = None) -> NodeTable:
    """Sort the columns of a table into identifiers, classes, split and features, by name.

    Without a header all columns are features.

    Args:
        table: The columns.
        name: Name of the file, for messages.
        ids: Identifiers of the nodes, if no column has them.

    Raises:
        ValueError: An entry that is no number in a table without a header, or no features.
    """
    if table.names is None:
        plain = dict(zip(map(str, range(len(table.columns))), table.columns, strict=True))
        found = _features(Table(name, plain, range(len(table)), named=False), include=tuple(plain))
        note = f"the first row of {name} is data: its features have no names"
        return NodeTable(found.numbers, notes=(*table.notes, note, *found.notes))
    lower = {key.strip().lower(): key for key in reversed(table.names)}
    columns = dict(zip(table.names, table.columns, strict=True))
    notes: list[str] = []
    parts: dict[str, Any] = {}
    if label := next((lower[key] for key in LABELS if key in lower), None):
        parts["y"] = _classes(columns.pop(label))
        notes.append(f"column {label!r} of {name} is the class of a node, not a feature")
    for key in [key for key in columns if key.strip().lower() in SPLIT_NAMES]:
        parts[key] = np.array(columns.pop(key))
    if _SPLIT in lower and lower[_SPLIT] in columns:
        split = split_of_column(columns.pop(lower[_SPLIT]), column=lower[_SPLIT])
        notes += split.notes
        for part in ("train", "validation", "test"):
            if getattr(split, part) is not None:
                parts[f"{part}_idx"] = getattr(split, part)
    known = [lower[key] for key in ID_COLUMNS if ids is None and lower.get(key) in columns]
    known += [key for key in table.index if ids is None and key in columns and key not in known]
    text = [key for key, cells in columns.items() if all(map(_is_word, cells))]
    if (
        ids is None
        and not known
        and len(text) == 1
        and len(set(as_texts(columns[text[0]]))) == len(table)
    ):
        known = text
        notes.append(f"nodes of {name} are identified by the column {text[0]!r}")
    if ids is None and not known:
        named = [key for key, cells in columns.items() if _names_nodes(key, cells, columns)]
        known = named[:1]
        notes += [f"nodes of {name} are identified by the column {key!r}" for key in known]
    if known:
        ids = NodeIds(columns.pop(known[0]), name=name)
    rows = tuple(table.index) if ids is None else tuple(known[1:])
    held = Table(name, columns, range(len(table)), index=rows)
    found = _features(held, include=())
    return NodeTable(found.numbers, ids, parts, (*table.notes, *notes, *found.notes), found.columns)


def _features(table: Table, *, include: tuple[str, ...]) -> NumberTable:
    """The numeric columns, with decimal commas if no number has a point."""
    comma = comma_in(table.columns)
    found = numbers_of(table, include=include, decimal="," if comma else ".")
    note = f"decimal commas in {table.name}, such as {comma}"
    return replace(found, notes=(*found.notes, note)) if comma else found


def _classes(cells: Sequence[Any]) -> NDArray[Any]:
    """Classes as integers, -1 if missing; as strings if they are not whole numbers."""
    texts = as_texts(cells)
    whole = all(text.lstrip("-").isdigit() for text in texts if text)
    return np.array([int(text) if text else -1 for text in texts]) if whole else texts


def _names_nodes(key: str, cells: Sequence[Any], columns: Mapping[str, Any]) -> bool:
    """Whether whole numbers are identifiers: called so, or row numbers in another order."""
    first = key == next(iter(columns)) and len(columns) > 1
    distinct = len(set(as_texts(cells))) == len(cells) and not any(map(is_missing, cells))
    whole = distinct and all(map(is_whole, cells))
    return whole and (called_identifier(key) or identifying(key, cells, first=first) is not None)


def _is_word(cell: Any) -> bool:
    return isinstance(cell, str) and number(cell) is None and not is_missing(cell)
