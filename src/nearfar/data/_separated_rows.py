"""Split the lines of a delimited text file into rows of cells."""

from __future__ import annotations

import csv
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

__all__ = ["Layout", "ParsedRow", "fields_of_any_length", "parse_rows", "quoting_of"]

_WORD = re.compile(r'"[^"]*"|\S+')
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Layout:
    r"""How a line is split into cells.

    Attributes:
        delimiter: Character between cells; a blank stands for any white space.
        quoted: Whether cells may be quoted, and then contain delimiters and line breaks.
        escaped: Whether a quote inside a quoted cell is written ``\"`` instead of ``""``.
        padded: Whether a blank after the delimiter is not part of the cell.
    """

    delimiter: str
    quoted: bool = True
    escaped: bool = False
    padded: bool = False


class ParsedRow(NamedTuple):
    """A row of cells.

    Attributes:
        line: Number of its first line, from 1.
        lines: Number of its lines.
        cells: The cells.
        stray: Whether it has a quotation mark that does not enclose a cell.
    """

    line: int
    lines: int
    cells: list[str]
    stray: bool = False


def parse_rows(
    lines: Sequence[str], layout: Layout, *, width: int | None = None
) -> list[ParsedRow]:
    """Split lines into rows; blank lines are skipped.

    A quotation mark at the start of a cell that no matching one closes is read as a letter, so that
    it does not swallow the following lines.

    Args:
        lines: Lines that end in a line feed.
        layout: How they are split.
        width: Expected number of cells; by default that of the first row.
    """
    rows: list[ParsedRow] = []
    for row in _parsed(lines, layout, width):
        if row.cells and not _is_blank(row.cells, rows):
            rows.append(row)
    return rows


def _is_blank(cells: Sequence[str], before: Sequence[ParsedRow]) -> bool:
    """Whether a row is a line of white space in a table of several columns."""
    return len(cells) == 1 and cells[0].isspace() and bool(before) and len(before[0].cells) > 1


def _parsed(lines: Sequence[str], layout: Layout, width: int | None) -> Iterator[ParsedRow]:
    if layout.delimiter == " ":
        for number, line in enumerate(lines, 1):
            yield ParsedRow(number, 1, [cell.strip('"') for cell in _WORD.findall(line)])
        return
    if not layout.quoted:
        plain = csv.reader(lines, **_arguments(layout))
        yield from (ParsedRow(n, 1, cells) for n, cells in enumerate(plain, 1))
        return
    position = 0
    while position < len(lines):
        rest = map(lines.__getitem__, range(position, len(lines)))
        reader = csv.reader(rest, strict=True, **_arguments(layout))
        start = position
        try:
            for cells in reader:
                end = position + reader.line_num
                width = width or len(cells)
                yield ParsedRow(start + 1, end - start, cells)
                start = end
            return
        except csv.Error:
            cells = _without_quotes(lines[start], layout, width)
            width = width or len(cells)
            yield ParsedRow(start + 1, 1, cells, stray=True)
            position = start + 1


def _without_quotes(line: str, layout: Layout, width: int | None) -> list[str]:
    """The cells of one line with quotation marks as letters; else, if the number fits, without."""
    (cells,) = csv.reader([line], **_arguments(replace(layout, quoted=False)))
    if width is None or len(cells) == width:
        return cells
    (lenient,) = csv.reader([line], strict=False, **_arguments(layout))
    return lenient if len(lenient) == width and not lenient[-1].endswith("\n") else cells


def _arguments(layout: Layout) -> dict[str, Any]:
    escaped = layout.quoted and layout.escaped
    return {
        "delimiter": layout.delimiter,
        "quoting": csv.QUOTE_MINIMAL if layout.quoted else csv.QUOTE_NONE,
        "escapechar": "\\" if escaped else None,
        "doublequote": not escaped,
        "skipinitialspace": layout.padded,
    }


def quoting_of(lines: Sequence[str], layout: Layout) -> Layout:
    """Whether cells are quoted, and how quotes inside them are written.

    Tab-separated files are often written without quoting, and quotation marks are then letters.
    They are quoting only if a program that quotes would have written each row as it is.
    """
    if not any('"' in line for line in lines) or layout.delimiter == " ":
        return replace(layout, quoted=layout.delimiter not in "\t ")
    escapes = any('\\"' in line for line in lines)
    if layout.delimiter != "\t" and not escapes:
        return replace(layout, quoted=True)
    rows = parse_rows(lines, replace(layout, quoted=True))
    strays = sum(row.stray for row in rows)
    if layout.delimiter == "\t":
        return replace(layout, quoted=not strays and _as_written(rows, lines))
    if strays and escapes:
        escaped = replace(layout, quoted=True, escaped=True)
        if sum(row.stray for row in parse_rows(lines, escaped)) < strays:
            return escaped
    return replace(layout, quoted=True)


def _as_written(rows: Sequence[ParsedRow], lines: Sequence[str]) -> bool:
    """Whether one rule for quoting yields each row with quotation marks as it is in the file."""
    fitting = list(_RULES)
    for row in rows:
        raw = "".join(lines[row.line - 1 : row.line - 1 + row.lines]).rstrip("\n")
        if '"' in raw:
            fitting = [rule for rule in fitting if _written(row.cells, rule) == raw]
            if not fitting:
                return False
    return True


def _written(cells: Sequence[str], rule: Callable[[str], bool]) -> str:
    return "\t".join('"' + c.replace('"', '""') + '"' if rule(c) else c for c in cells)


_RULES: tuple[Callable[[str], bool], ...] = (
    lambda cell: any(mark in cell for mark in '\t\n"'),  # pandas and the csv module
    lambda cell: any(mark in cell for mark in '\t\n",'),  # Excel
    lambda cell: True,
    lambda cell: _NUMBER.fullmatch(cell) is None,
    lambda cell: bool(cell) and _NUMBER.fullmatch(cell) is None,
)


@contextmanager
def fields_of_any_length() -> Iterator[None]:
    """Lift the csv module's limit on the length of a cell."""
    before = csv.field_size_limit(sys.maxsize)
    try:
        yield
    finally:
        csv.field_size_limit(before)
