"""Identifiers of nodes, by which edges, features and splits refer to them."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from functools import cached_property
from typing import Any, final

import numpy as np
from jaxtyping import Int64
from numpy.typing import NDArray

from nearfar.data._files import counted, list_names, printable

__all__ = ["ID_ARRAYS", "ID_COLUMNS", "NodeIds", "as_texts"]

ID_ARRAYS = ("ids", "id", "node_ids", "node_id", "n_id", "node_names", "names")
"""Names of arrays that identify nodes."""
ID_COLUMNS = (
    *("id", "node_id", "nodeid", "node", "ids", "node_ids", "nodes", "name"),
    *("index", "__index_level_0__", "unnamed: 0", ""),  # the last three are row names of pandas
)
"""Names of columns that identify nodes, in lower case."""

_WHOLE = re.compile(r"-?\d+\.0+")


@final
class NodeIds:
    """Distinct identifiers of the nodes, compared as text.

    Args:
        values: Identifier of each node: integers or strings.
        name: Name of the graph or file, for messages.

    Raises:
        ValueError: An identifier that is missing or given twice.

    Example:
        >>> NodeIds(["b", 10, "c"], name="g").positions(["c", "10", "d"])
        array([ 2,  1, -1])
    """

    def __init__(self, values: Sequence[Any] | NDArray[Any], *, name: str) -> None:
        self.texts = as_texts(values)
        empty = np.flatnonzero(self.texts == "")
        if len(empty):
            raise ValueError(
                f"each node of {name} must have an identifier, got none in {len(empty):,} of"
                f" {len(self.texts):,} rows, the first is row {empty[0]}"
            )
        self._sorted, first, counts = np.unique(self.texts, return_index=True, return_counts=True)
        self._rows = first
        if len(self._sorted) < len(self.texts):
            twice = [printable(str(text)) for text in self._sorted[counts > 1]]
            raise ValueError(
                f"identifiers of the nodes of {name} must be distinct, got"
                f" {counted(len(twice), 'identifier')} more than once: {list_names(twice)}"
            )

    def __len__(self) -> int:
        return len(self.texts)

    def positions(self, values: Sequence[Any] | NDArray[Any]) -> Int64[np.ndarray, " values"]:
        """The row of each identifier; -1 for an unknown one."""
        texts = as_texts(values)
        place = np.minimum(np.searchsorted(self._sorted, texts), len(self) - 1)
        return np.where(self._sorted[place] == texts, self._rows[place], -1).astype(np.int64)

    @cached_property
    def ranks(self) -> Int64[np.ndarray, " nodes"]:
        """Place of each node in the order of the identifiers, which is that of no file."""
        ranks = np.empty(len(self), np.int64)
        ranks[self._rows] = np.arange(len(self))
        return ranks


def as_texts(values: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    """Identifiers as stripped text; whole numbers are the same with and without a decimal point.

    >>> as_texts([3, 3.0, " 3 ", "3.0", None, float("nan")]).tolist()
    ['3', '3', '3', '3', '', '']
    """
    array = np.asarray(values)
    if array.dtype.kind in "iu":
        return array.astype(np.str_)
    return np.array([_text(value) for value in array.tolist()], dtype=np.str_)


def _text(value: Any) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    text = str(value).strip()
    return text.partition(".")[0] if _WHOLE.fullmatch(text) else text
