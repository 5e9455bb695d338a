"""The official split of a graph's nodes: masks, lists of nodes, or a column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data.graphs._node_ids import NodeIds

__all__ = ["SPLIT_NAMES", "NodeSplit", "find_split", "split_of_column"]

_PARTS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing"),
}
_LISTS = ("idx", "index", "indices", "nodes")
SPLIT_NAMES = frozenset(
    f"{word}_{form}" for words in _PARTS.values() for word in words for form in ("mask", *_LISTS)
) | {f"idx_{word}" for words in _PARTS.values() for word in words}
"""Names of masks and of lists of nodes, in lower case."""


@dataclass(frozen=True)
class NodeSplit:
    """Node numbers of each part; None for an absent part.

    Attributes:
        train: Nodes that a probe is trained on.
        validation: Nodes of the validation set.
        test: Nodes that a probe is evaluated on.
        names: Names of the arrays or of the column.
        notes: Notes on the split.
    """

    train: NDArray[Any] | None = None
    validation: NDArray[Any] | None = None
    test: NDArray[Any] | None = None
    names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def find_split(
    arrays: Mapping[str, Any], *, nodes: int, name: str, ids: NodeIds | None = None
) -> NodeSplit:
    """Find a split among arrays by name, such as ``train_mask``, ``val_idx`` and ``idx_test``.

    Args:
        arrays: Arrays by name.
        nodes: Number of nodes.
        name: Name of the graph, for messages.
        ids: Identifiers of the nodes, to which lists of strings refer.

    Raises:
        ValueError: A mask without one value per node.

    Example:
        >>> masks = {"train_mask": [True, False, False], "test_mask": [False, True, False]}
        >>> found = find_split(masks, nodes=3, name="path")
        >>> found.train, found.test, found.validation
        (array([0]), array([1]), None)
    """
    found: dict[str, NDArray[Any]] = {}
    names: list[str] = []
    notes: list[str] = []
    lower = {key.lower(): key for key in arrays if arrays[key] is not None}
    for part, words in _PARTS.items():
        masks = [lower[f"{word}_mask"] for word in words if f"{word}_mask" in lower]
        lists = [f"{word}_{form}" for word in words for form in _LISTS]
        lists = [lower[key] for key in (*lists, *(f"idx_{word}" for word in words)) if key in lower]
        if masks:
            found[part], note = _of_mask(arrays[masks[0]], masks[0], nodes=nodes, name=name)
            notes += note
        elif lists:
            chosen = np.asarray(arrays[lists[0]])
            by_id = ids is not None and chosen.dtype.kind in "US"
            found[part] = ids.positions(chosen) if by_id and ids is not None else chosen
        names += (masks or lists)[:1]
    return NodeSplit(**found, names=tuple(names), notes=tuple(notes))


def split_of_column(cells: Sequence[Any], *, column: str) -> NodeSplit:
    """The split in a column with the words train, val and test.

    Nodes with another entry are in no part.

    Example:
        >>> split_of_column(["train", "Test", "", "valid"], column="split").validation
        array([3])
    """
    words = np.array([str(cell).strip().lower() for cell in cells])
    found = {part: np.flatnonzero(np.isin(words, known)) for part, known in _PARTS.items()}
    rest = sorted({word for word in words if not any(word in known for known in _PARTS.values())})
    outside = len(words) - sum(map(len, found.values()))
    notes = (f"{outside:,} nodes in no part of the split: {column} = {', '.join(rest[:5])}",)
    parts = {part: rows for part, rows in found.items() if len(rows)}
    return NodeSplit(**parts, names=(column,), notes=notes if outside else ())


def _of_mask(
    values: Any, key: str, *, nodes: int, name: str
) -> tuple[NDArray[np.int64], list[str]]:
    mask = np.asarray(values)
    notes: list[str] = []
    if mask.ndim == 2 and len(mask) == nodes:
        if mask.shape[1] > 1:
            notes = [f"{key} of {name} has {mask.shape[1]:,} splits: the first is used"]
        mask = mask[:, 0]
    if mask.dtype.kind in "USO":
        mask = np.isin([str(value).strip().lower() for value in mask], ("true", "1", "1.0"))
    if mask.shape != (nodes,) or mask.dtype.kind not in "buif":
        raise ValueError(
            f"`{key}` of {name} must have one value per node, {nodes:,}, got {mask.dtype} of shape"
            f" {mask.shape}"
        )
    return np.flatnonzero(mask), notes
