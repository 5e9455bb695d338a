"""Columns of a table that identify its rows, and columns of lists of numbers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._files import shortened

__all__ = [
    "ROW_NAMES",
    "called_identifier",
    "distinct_wholes",
    "identifying",
    "is_whole",
    "spread_lists",
]

ROW_NAMES = frozenset(
    ("index", "id", "idx", "row", "rowid", "row_id", "row_number", "rownames", "level_0", "#")
)
_WHOLE = re.compile(r"[+-]?[0-9]+(?:\.0*)?")
_ID = re.compile(r"(?:.*[_\s.-])?(?:id|uid|uuid|guid)|.*[a-z](?:Id|ID)", re.DOTALL)
PERMUTED = 10  # fewest rows of a first column in which any order of row numbers is no accident
DIFFERENT = 20  # fewest rows in which distinct whole numbers are worth a note


def called_identifier(name: str) -> bool:
    """Whether a column is called like row numbers or identifiers.

    >>> [called_identifier(name) for name in ("ID", "patient_id", "userId", "humid")]
    [True, True, True, False]
    """
    bare = name.strip()
    return bare.lower() in ROW_NAMES or bool(_ID.fullmatch(bare) or _ID.fullmatch(bare.lower()))


def is_whole(cell: Any) -> bool:
    """Whether a cell is a whole number, as a number or as text."""
    return _whole(cell) is not None


def identifying(name: str, cells: Any, *, first: bool) -> str | None:
    """Whether whole numbers are row numbers in another order, or identifiers.

    >>> identifying("patient_id", [7, 3, 9], first=True)
    'ids'
    >>> identifying("sample", ["3", "1", "2"] * 4, first=True) is None
    True
    """
    called = called_identifier(name)
    if not called and not (first and len(cells) >= PERMUTED):
        return None
    wholes = [_whole(cell) for cell in cells]
    known = [whole for whole in wholes if whole is not None]
    if len(known) < len(cells) or len(set(known)) < len(known) or len(known) < 2:
        return None
    counts = min(known) in (0, 1) and max(known) - min(known) == len(known) - 1
    if known == sorted(known) and counts:
        return None  # the caller's rule for consecutive numbers
    if counts and len(known) >= PERMUTED:
        return "rows"
    return "ids" if called else None


def _whole(cell: Any) -> int | None:
    if isinstance(cell, str):
        bare = cell.strip()
        return int(bare.partition(".")[0]) if _WHOLE.fullmatch(bare) and len(bare) < 400 else None
    if isinstance(cell, (bool, np.bool_)) or not isinstance(cell, (int, float, np.number)):
        return None
    return int(cell) if np.isfinite(cell) and int(cell) == cell else None


def distinct_wholes(numbers: Mapping[str, NDArray[np.float64]]) -> list[str]:
    """Features with a different whole number in each row, in a table with fractions."""
    if not any((values != values.round()).any() for values in numbers.values()):
        return []
    return [
        name
        for name, values in numbers.items()
        if len(values) >= DIFFERENT
        and bool((values == values.round()).all())
        and len(np.unique(values)) == len(values)
    ]


def spread_lists(
    columns: Mapping[str, Sequence[Any]], name: str
) -> tuple[dict[str, Any], list[str]]:
    """Columns of lists of equally many numbers as one column per place, and notes.

    Args:
        columns: Columns by name.
        name: Name of the table, for messages.

    Raises:
        ValueError: A list with another number of entries than most; the message gives its row.

    Example:
        >>> spread_lists({"e": [[1, 2], [3, 4]], "y": [0, 1]}, "t")[0]["e_1"].tolist()
        [2.0, 4.0]
    """
    found: dict[str, Any] = {}
    notes: list[str] = []
    for key, cells in columns.items():
        width = _width(cells)
        if not width:
            found[key] = cells
            continue
        for row, cell in enumerate(cells):
            if not _is_list(cell) or len(cell) != width:
                raise ValueError(
                    f"{name}: column {key} must contain a list of {width} numbers in each row, got"
                    f" {shortened(cell) or None} in row {row}"
                )
        try:
            values = np.array([list(cell) for cell in cells], dtype=np.float64)
        except (TypeError, ValueError, OverflowError):
            found[key] = cells
            continue
        found |= {f"{key}_{place}": values[:, place] for place in range(width)}
        last = f" to {key}_{width - 1}" if width > 1 else ""
        notes.append(f"column {key} of lists of {width} numbers: features {key}_0{last}")
    return found, notes


def _is_list(cell: Any) -> bool:
    return isinstance(cell, (list, tuple)) or (isinstance(cell, np.ndarray) and cell.ndim == 1)


def _width(cells: Any) -> int:
    """Number of numbers in most lists of a column; 0 if it has none, or lists of any length."""
    if isinstance(cells, np.ndarray) or not len(cells):
        return 0
    lists = [cell for cell in cells if _is_list(cell)]
    if 2 * len(lists) <= len(cells):
        return 0
    if not all(isinstance(n, (int, float, np.number)) for cell in lists[:100] for n in cell):
        return 0
    widths, counts = np.unique([len(cell) for cell in lists], return_counts=True)
    return int(widths[counts.argmax()]) if 10 * counts.max() >= 9 * len(lists) else 0
