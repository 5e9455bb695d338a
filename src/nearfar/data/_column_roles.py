"""What a column of a table holds: numbers, texts, categories, identifiers or dates."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Sequence
from enum import Enum
from itertools import islice
from typing import Any

import numpy as np

from nearfar.data._number_cells import is_missing, number

__all__ = ["LOOKED_AT", "Role", "role_of"]

LOOKED_AT = 200  # rows
MOST = 0.9  # fraction of the cells that decide
WORDS = 3  # in a text, on average
UNBROKEN = 20  # characters of a text without blanks
WORDS_OF_NAME = 6  # at most, on average, in a column that is called like names
FORMATS = 3  # of identifiers that one scheme makes
TEXTS = frozenset(("text", "texts", "sentence", "review", "comment", "tweet", "title", "document"))
NAMES = re.compile(
    r"(?:.*[_\s.-])?(?:names?|address|city|country|location|e?-?mail|phone|url|uri|link|path"
    r"|file(?:_?name)?|image|hash|barcode|code|key|sample|subject|patient|author|user)"
)
_DATE = re.compile(
    r"(?:\d{4}[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}"
    r"|(?:[a-z]{3,9}\.?,? )?(?:\d{1,2}\.? [a-z]{3,9}\.?|[a-z]{3,9}\.? \d{1,2}),? \d{4})"
    r"(?:[t ,]+.*)?|\d{1,2}:\d{2}(?::\d{2}.*)?",
    re.IGNORECASE,
)
_PLACE = re.compile(
    r"[a-z][a-z0-9+.-]*://\S+|www\.\S+|[^\s@]+@[^\s@]+\.[a-z]{2,}"
    r"|(?:[a-z]:)?[^\s/\\]*(?:[/\\][^/\\]*)*[/\\.][^/\\]*\.[a-z0-9]{1,5}|[^/\\\s]+\.[a-z0-9]{2,5}",
    re.IGNORECASE,
)
_HEX = re.compile(r"[0-9a-f]{8,}|[0-9a-f]{4,}(?:-[0-9a-f]{4,})+", re.IGNORECASE)


class Role(Enum):
    """What a column holds.

    Attributes:
        NUMBERS: Numbers, also as text, or lists of numbers.
        TEXT: Texts: several words per cell, or long ones without blanks.
        CATEGORY: Words that recur, or different short ones.
        IDENTIFIER: Names of the rows: of persons or files, addresses, hashes, barcodes.
        DATE: Dates or times of day.
        OTHER: Nothing, or objects of other types.
    """

    NUMBERS = "numbers"
    TEXT = "text"
    CATEGORY = "category"
    IDENTIFIER = "identifier"
    DATE = "date"
    OTHER = "other"


def role_of(name: str, cells: Iterable[Any]) -> Role:
    """The role of a column, from its name and its first cells.

    >>> role_of("price", ["1.5", "2"]).value, role_of("when", ["2024-01-31 12:00"]).value
    ('numbers', 'date')
    >>> role_of("note", ["I did like it", "not my taste at all"]).value
    'text'
    >>> role_of("barcode", ["TCGA-02-0001-01C-01D-0182", "TCGA-02-0003-01A-01D-0183"]).value
    'identifier'
    """
    known = [cell for cell in islice(cells, LOOKED_AT) if not is_missing(cell)]
    if not known:
        return Role.OTHER
    if _share(known, _is_number) >= 0.95 or _share(known, _is_numbers) > 0.5:
        return Role.NUMBERS
    if _share(known, lambda cell: isinstance(cell, (datetime.date, datetime.time))) >= MOST:
        return Role.DATE
    words = [cell.strip() for cell in known if isinstance(cell, str)]
    return _of_words(name.strip().lower(), words) if words else Role.OTHER


def _of_words(name: str, words: Sequence[str]) -> Role:
    """The role of a column of strings that are no numbers."""
    if _share(words, _DATE.fullmatch) >= MOST:
        return Role.DATE
    if name in TEXTS:
        return Role.TEXT
    if 4 * len(set(words)) <= len(words):
        return Role.CATEGORY
    lengths = [len(word.split()) for word in words]
    mean = sum(lengths) / len(lengths)
    if NAMES.fullmatch(name) and mean <= WORDS_OF_NAME:
        return Role.IDENTIFIER
    if _share(words, _PLACE.fullmatch) >= MOST or _are_made(words):
        return Role.IDENTIFIER
    unbroken = sum(map(len, words)) / sum(lengths)
    return Role.TEXT if mean >= WORDS or unbroken >= UNBROKEN else Role.CATEGORY


def _are_made(words: Sequence[str]) -> bool:
    """Whether a scheme made the words: hexadecimal numbers, or one format with digits or signs."""
    if _share(words, _HEX.fullmatch) >= MOST:
        return any(any(c.isdigit() for c in word) for word in words)
    if any(" " in word or not word.isascii() for word in words):
        return False
    formats = {re.sub(r"[0-9]+", "0", re.sub(r"[A-Za-z]+", "a", word)) for word in words}
    several = len(words) > 2 * FORMATS or len(formats) == 1
    return several and len(formats) <= FORMATS and all(form != "a" for form in formats)


def _share(cells: Sequence[Any], test: Any) -> float:
    return sum(bool(test(cell)) for cell in cells) / len(cells)


def _is_number(cell: Any) -> bool:
    return number(cell) is not None or number(cell, ",") is not None


def _is_numbers(cell: Any) -> bool:
    """Whether a cell is a list of numbers."""
    if isinstance(cell, np.ndarray):
        return cell.ndim == 1 and cell.dtype.kind in "buif"
    return (
        isinstance(cell, (list, tuple))
        and len(cell) > 0
        and all(isinstance(entry, (int, float, np.number)) for entry in cell)
    )
