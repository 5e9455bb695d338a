"""Find the delimiter of a delimited text file from its content."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from nearfar.data._number_cells import looks_numeric
from nearfar.data._separated_rows import Layout, ParsedRow, parse_rows, quoting_of

__all__ = ["DELIMITERS", "delimiter_name", "find_layout"]

DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars", " ": "blanks"}
LOOKED_AT = 500  # lines
REGULAR = 0.9  # share of rows with as many cells as the first


def delimiter_name(delimiter: str) -> str:
    """A delimiter as text.

    >>> delimiter_name(";"), delimiter_name("^")
    ('semicolons', "'^'")
    """
    return DELIMITERS.get(delimiter, repr(delimiter))


@dataclass(frozen=True)
class _Tried:
    """A layout and how regular the rows are under it."""

    layout: Layout
    width: int
    regular: float
    numeric: float


def find_layout(
    lines: Sequence[str],
    *,
    expected: str,
    delimiter: str | None = None,
    blanks: bool = False,
    words: bool = False,
) -> Layout:
    """The layout of a table.

    The delimiter is that of the file's extension, unless all lines have a single cell under it, or
    another one divides the lines as regularly into more cells that are numbers.

    Args:
        lines: The lines, each ending in a line feed.
        expected: Delimiter of the file's extension.
        delimiter: The delimiter, if given.
        blanks: Whether numbers may be separated by blanks.
        words: Whether other cells may be so, too.
    """
    sample = lines[:LOOKED_AT]
    own = _try(sample, delimiter or expected)
    if delimiter is None:
        others = [_try(sample, d) for d in DELIMITERS if d != expected and (blanks or d != " ")]
        fitting = [t for t in others if t.width > 1 and t.regular >= REGULAR]
        fitting = [t for t in fitting if words or t.layout.delimiter != " " or t.numeric > 0.9]
        best = max(fitting, key=_quality, default=None)
        tabs = best is not None and best.layout.delimiter == "\t"  # rare inside texts
        better = best is not None and (own.numeric, own.regular > 0.5) < (best.numeric, True)
        if best and (own.width < 2 or tabs or better):
            own = best
    return quoting_of(lines, own.layout) if len(lines) > len(sample) else own.layout


def _quality(tried: _Tried) -> tuple[float, bool, float, int]:
    return tried.numeric, tried.layout.delimiter == "\t", tried.regular, tried.width


def _try(sample: Sequence[str], delimiter: str) -> _Tried:
    layout = quoting_of(sample, Layout(delimiter))
    rows = parse_rows(sample, layout)
    if _padded(rows):
        layout = quoting_of(sample, replace(layout, padded=True))
        rows = parse_rows(sample, layout)
    if not rows:
        return _Tried(layout, 0, 0.0, 0.0)
    if len(rows) > 2 and len(lines_of(rows)) < len(sample) and rows[-1].stray:
        rows = rows[:-1]  # the sample may end inside a quoted cell
    widths = Counter(len(row.cells) for row in rows[1:] or rows)
    width = len(rows[0].cells)
    like_first = widths[width]
    if width > 1 and like_first < widths[width + 1]:  # row names without a name
        like_first = widths[width + 1]
    cells = [cell for row in rows[1:] or rows for cell in row.cells]
    numeric = sum(map(looks_numeric, cells)) / len(cells)
    return _Tried(layout, width, like_first / sum(widths.values()), numeric)


def lines_of(rows: Sequence[ParsedRow]) -> range:
    """The lines from the first row to the last."""
    return range(rows[0].line, rows[-1].line + rows[-1].lines) if rows else range(0)


def _padded(rows: Sequence[ParsedRow]) -> bool:
    """Whether each cell but the first starts with a blank."""
    later = [cell for row in rows for cell in row.cells[1:] if cell]
    return bool(later) and sum(cell.startswith(" ") for cell in later) >= REGULAR * len(later)
