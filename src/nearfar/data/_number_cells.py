"""Numbers in the cells of tables: decimal points and commas, missing values, precision."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "MISSING",
    "decimal_comma",
    "is_decimal_comma",
    "is_missing",
    "is_rounded",
    "is_thousands",
    "looks_numeric",
    "number",
    "plain_numbers",
]

MISSING = ("", "na", "n/a", "#n/a", "<na>", "nan", "nat", "null", "none", "?", "-", ".")
"""Cells without a value, in lower case."""

_SPECIAL = r"|[+-]?(?:inf|infinity)"
_POINT = re.compile(rf"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?{_SPECIAL}", re.I)
_COMMA = re.compile(r"[+-]?(?:[0-9]+,[0-9]*|,[0-9]+)(?:[eE][+-]?[0-9]+)?")
_GROUPS = re.compile(
    r"[+-]?[0-9]{1,3}(?:(?:,[0-9]{3})+(?:\.[0-9]+)?|(?:\.[0-9]{3}){2,}|(?:\.[0-9]{3})+,[0-9]+"
    r"|(?:[ '’_\u00a0\u202f][0-9]{3})+(?:[.,][0-9]+)?)"
)
_WHOLE = re.compile(r"[+-]?[0-9]+")
EXACT = 1 << 53  # whole numbers up to here have double precision


def looks_numeric(cell: str) -> bool:
    """Whether a cell is a number with a decimal point or comma.

    >>> [looks_numeric(cell) for cell in ("1.5", "-1,5", "1_0", "2e-3", "", "inf")]
    [True, True, False, True, False, True]
    """
    bare = cell.strip()
    return bool(_POINT.fullmatch(bare) or _COMMA.fullmatch(bare))


def is_missing(value: Any) -> bool:
    """Whether a value is None, NaN, blank, or a common mark of missing values."""
    if isinstance(value, str):
        return value.strip().lower() in MISSING
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def is_thousands(cell: Any) -> bool:
    """Whether a cell is a number with separators of thousands.

    >>> [is_thousands(cell) for cell in ("1,234", "1.234", "1.234,5", "1 234 567", "12,5")]
    [True, False, True, True, False]
    """
    return isinstance(cell, str) and _GROUPS.fullmatch(cell.strip()) is not None


def is_decimal_comma(cell: Any) -> bool:
    """Whether a cell is a number with a decimal comma that separates no thousands.

    >>> is_decimal_comma("1,5"), is_decimal_comma("1,234"), is_decimal_comma("1.5")
    (True, False, False)
    """
    text = cell.strip() if isinstance(cell, str) else ""
    return "," in text and bool(_COMMA.fullmatch(text)) and not is_thousands(text)


def decimal_comma(cells: Iterable[Any]) -> str | None:
    """The first number with a decimal comma, if there are such and none with a point.

    >>> decimal_comma(["1,5", "2"]), decimal_comma(["1.5", "2"]), decimal_comma(["1,234", "5"])
    ('1,5', None, None)
    """
    first = None
    for cell in cells:
        text = cell.strip() if isinstance(cell, str) else ""
        if "." in text and _POINT.fullmatch(text):
            return None
        if first is None and "," in text and _COMMA.fullmatch(text):
            sure = not is_thousands(text) or text.lstrip("+-").startswith("0")
            first = text if sure else None
    return first


def plain_numbers(cells: Sequence[Any] | NDArray[Any]) -> NDArray[np.float64] | None:
    """The numbers in a column of text, fast; None unless all are finite, exact and with a point.

    >>> plain_numbers(["1.5", " 2"]), plain_numbers(["1.5", "1_0"]), plain_numbers(["1.5", ""])
    (array([1.5, 2. ]), None, None)
    """
    if isinstance(cells, np.ndarray):
        exact = cells.dtype == np.float64 and bool((np.abs(cells) <= EXACT).all())
        return cells if exact else None
    if not all(isinstance(cell, str) for cell in cells):
        return None
    if not all(cell.isascii() and "_" not in cell for cell in cells):
        return None
    try:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        return None
    return values if bool((np.abs(values) <= EXACT).all()) else None


def number(cell: Any, decimal: str = ".") -> float | None:
    """The number in a cell; None for text and for missing values.

    Unlike ``float``, this refuses ``1_0`` and digits of other scripts.

    >>> number("1.5"), number("1,5", ","), number("1_0"), number(True), number("true")
    (1.5, 1.5, None, 1.0, 1.0)
    """
    if isinstance(cell, str):
        bare = cell.strip()
        if decimal == ",":
            if "." in bare:
                return None
            bare = bare.replace(",", ".", 1)
        if _POINT.fullmatch(bare):
            return float(bare)
        return {"true": 1.0, "false": 0.0}.get(bare.lower())
    if isinstance(cell, (bool, int, float, Decimal, np.number, np.bool_)):
        try:
            return float(cell)
        except (OverflowError, TypeError):
            return math.inf
    return None


def is_rounded(cell: Any) -> bool:
    """Whether a whole number has no double-precision equal.

    >>> is_rounded(2**53 + 1), is_rounded("9007199254740993"), is_rounded(2**60), is_rounded("1.5")
    (True, True, False, False)
    """
    if isinstance(cell, str):
        if not 16 <= len(cell) <= 308 or not _WHOLE.fullmatch(cell.strip()):
            return False
        cell = int(cell)
    if isinstance(cell, (bool, float)) or not isinstance(cell, (int, np.integer)):
        return False
    whole = int(cell)
    return abs(whole) > EXACT and (whole.bit_length() > 1023 or int(float(whole)) != whole)
