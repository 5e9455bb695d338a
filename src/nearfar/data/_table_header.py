"""Decide whether the first row of a table names its columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from nearfar.data._number_cells import MISSING, looks_numeric

__all__ = ["FirstRow", "judge_first_row"]

LOOKED_AT = 500  # rows
FEW = 50  # distinct values of a column of categories
LONGEST, MOST_WORDS = 60, 6  # characters and words of a name
USUAL = frozenset(
    (
        *("text", "texts", "sentence", "sentences", "review", "reviews", "title", "headline"),
        *("content", "body", "abstract", "summary", "description", "comment", "message"),
        *("tweet", "post", "question", "answer", "query", "document", "article", "caption"),
        *("label", "labels", "class", "classes", "target", "targets", "category", "topic"),
        *("sentiment", "rating", "score", "id", "index", "name", "split", "set", "source"),
        *("language", "lang", "date", "time", "user", "author", "x", "s", "y"),
    )
)
"""Common names of columns, in lower case."""
_WORD = re.compile(r"[^\W\d]\w*")
_ENDS = re.compile(r"[.!?…。！？,;]$")


@dataclass(frozen=True)
class FirstRow:
    """The role of a table's first row.

    Attributes:
        names: Whether it names the columns.
        sure: Whether the content leaves no doubt.
    """

    names: bool
    sure: bool


def judge_first_row(rows: Sequence[Sequence[str]]) -> FirstRow:
    """Whether the first row names the columns, from how it differs from the others.

    A row of text over columns of numbers is names. A row of numbers is names if they count the
    columns or progress evenly, such as years and wavelengths, and other rows do not. In a table of
    texts, names are short, distinct and no entries of their columns.

    >>> judge_first_row([["a", "b"], ["1.5", "2"]])
    FirstRow(names=True, sure=True)
    >>> judge_first_row([["2019", "2020", "2021"], ["0.1", "0.4", "0.2"], ["0.2", "0.7", "0.9"]])
    FirstRow(names=True, sure=False)
    >>> judge_first_row([["3", "A title", "A much longer description"]] * 9)
    FirstRow(names=False, sure=True)
    """
    first = [cell.strip() for cell in rows[0]]
    body = [row for row in rows[1 : LOOKED_AT + 1] if len(row) == len(first)]
    if not body:
        usual = any(cell.lower() in USUAL for cell in first)
        return FirstRow(usual or all(map(_WORD.fullmatch, first)), sure=usual)
    if all(looks_numeric(cell) for cell in first):
        return _of_numbers(first, body)
    if not first[0] and all(first[1:]) and len(set(first)) == len(first):
        rest = judge_first_row([row[1:] for row in rows[: LOOKED_AT + 1]])
        return FirstRow(True, sure=True) if _counts(body) else rest
    if _above_numbers(first, body):
        return FirstRow(True, sure=True)
    numeric = [i for i, (_, cells) in enumerate(_columns(first, body)) if _numeric(cells)]
    if any(looks_numeric(first[i]) for i in numeric):
        rest = _of_numbers([first[i] for i in numeric], [[r[i] for i in numeric] for r in body])
        return FirstRow(rest.names, sure=not rest.names)
    return _of_texts(first, body)


def _counts(body: Sequence[Sequence[str]]) -> bool:
    return all(looks_numeric(row[0]) for row in body)


def _columns(first: Sequence[str], body: Sequence[Sequence[str]]) -> list[tuple[str, list[str]]]:
    """Each column's first cell and its other cells without missing ones."""
    columns = []
    for place, cell in enumerate(first):
        others = [row[place].strip() for row in body]
        columns.append((cell, [other for other in others if other.lower() not in MISSING]))
    return columns


def _numeric(cells: Sequence[str]) -> bool:
    return bool(cells) and sum(map(looks_numeric, cells)) >= 0.95 * len(cells)


def _above_numbers(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    return any(
        _numeric(cells) and cell.lower() not in MISSING and not looks_numeric(cell)
        for cell, cells in _columns(first, body)
    )


def _of_texts(first: Sequence[str], body: Sequence[Sequence[str]]) -> FirstRow:
    """A first row over columns of text only."""
    if any(cell.lower() in USUAL for cell in first):
        return FirstRow(True, sure=all(cell.lower() in USUAL or _is_name(cell) for cell in first))
    if not all(map(_is_name, first)):
        return FirstRow(False, sure=False)
    for cell, cells in _columns(first, body):
        distinct = set(cells)
        if cell in distinct and len(distinct) <= max(2, min(FEW, len(cells) // 2)):
            return FirstRow(False, sure=False)  # a category
        words = median(len(other.split()) for other in cells) if cells else 0
        if len(cell.split()) > 1 and 2 * len(cell.split()) > words:
            return FirstRow(False, sure=False)  # as long as an entry
    return FirstRow(True, sure=_over_phrases(first, body))


def _over_phrases(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether the first row has single words, and a column of texts of several."""
    words = [median(len(c.split()) for c in cells) for _, cells in _columns(first, body) if cells]
    return all(map(_WORD.fullmatch, first)) and max(words, default=0) > 1


def _is_name(cell: str) -> bool:
    short = 0 < len(cell) <= LONGEST and len(cell.split()) <= MOST_WORDS
    return short and not _ENDS.search(cell) and not looks_numeric(cell)


def _of_numbers(first: Sequence[str], body: Sequence[Sequence[str]]) -> FirstRow:
    """A first row of numbers only."""
    pure = all(_numeric(cells) for _, cells in _columns(first, body))
    if len(set(first)) < len(first) or not pure or not all(map(looks_numeric, first)):
        return FirstRow(False, sure=False)
    counting = [str(place) for place in range(len(first))]
    whole = all("." not in cell and "," not in cell for row in body for cell in row)
    if first == counting and (len(first) > 2 or not whole):
        return FirstRow(True, sure=False)
    if len(first) < 3:
        return FirstRow(_monotone(first) and _far(first, body), sure=False)
    if _even(first):
        return FirstRow(sum(map(_even, body)) * 10 <= len(body), sure=False)
    if _monotone(first) and len(first) > 5:
        return FirstRow(sum(map(_monotone, body)) * 10 <= len(body), sure=False)
    if _monotone(first) and _far(first, body):
        return FirstRow(True, sure=False)
    cells = [cell for row in body for cell in row]
    fractions = sum("." in cell or "e" in cell.lower() for cell in cells)
    named = all(cell.isdigit() for cell in first) and len(body) > 4 and fractions > 0.9 * len(cells)
    return FirstRow(named, sure=False)


def _far(first: Sequence[str], body: Sequence[Sequence[str]]) -> bool:
    """Whether each number is far from all others of its column: wavelengths over absorbances."""
    if len(body) < 5:
        return False
    for place, cell in enumerate(_values(first)):
        below = _values([row[place] for row in body])
        span = max(below, default=0.0) - min(below, default=0.0)
        if not span or min(abs(cell - value) for value in below) <= 3 * span:
            return False
    return True


def _values(cells: Sequence[str]) -> list[float]:
    try:
        return [float(cell.replace(",", ".")) for cell in cells]
    except ValueError:
        return []


def _steps(cells: Sequence[str]) -> list[float]:
    values = _values(cells)
    return [after - before for before, after in pairwise(values)]


def _monotone(cells: Sequence[str]) -> bool:
    steps = _steps(cells)
    return bool(steps) and (min(steps) > 0 or max(steps) < 0)


def _even(cells: Sequence[str]) -> bool:
    """Whether numbers have equal differences, up to rounding."""
    steps = _steps(cells)
    largest = max(map(abs, steps), default=0.0)
    return _monotone(cells) and max(steps) - min(steps) <= 0.01 * largest
