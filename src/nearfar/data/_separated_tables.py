"""Read delimited text files: names of the columns, rows, and notes on what was guessed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeAlias

from nearfar.data._files import counted, file_ending, list_names, printable
from nearfar.data._number_cells import looks_numeric
from nearfar.data._separated_rows import Layout, ParsedRow, fields_of_any_length, parse_rows
from nearfar.data._table_header import judge_first_row
from nearfar.data._table_layout import delimiter_name, find_layout
from nearfar.data._text_decoding import decode_file

__all__ = [
    "ROW_OPTIONS",
    "TABLE_OPTIONS",
    "IsHeader",
    "Reading",
    "SeparatedTable",
    "read_separated",
    "without_comments",
]

TABLE_OPTIONS = ("encoding", "delimiter", "header", "decimal")
"""Options that describe how one file is written."""
ROW_OPTIONS = ("where",)
"""Options that select rows."""

WORDS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "pipe": "|", "space": " "}
NAMING = ("column", "x", "s", "labels", "exclude", "include")  # options that name columns
SWALLOWED = 3  # lines inside a quoted cell that look like rows
SHOWN = 40  # characters of a name


IsHeader: TypeAlias = Callable[[Sequence[Sequence[str]]], bool]


@dataclass(frozen=True)
class Reading:
    """How a table is read; None where it is determined from the content.

    Attributes:
        encoding: Encoding of text, as in Python.
        delimiter: Character between the cells of a line.
        header: Whether the first row names the columns.
        decimal: Decimal mark of numbers: a point or a comma.
        where: Conditions on rows, as ``column=value`` or a mapping of columns to values.
        blanks: Whether numbers may be separated by blanks.
        strict: Whether a damaged line is an error instead of skipped.
        names: Names that the user gave for columns.
        comments: Whether lines that begin with ``#`` are comments, and blanks may separate words.
        is_header: Whether the first row of all names the columns; by default determined from the
            content.
    """

    encoding: str | None = None
    delimiter: str | None = None
    header: bool | None = None
    decimal: str | None = None
    where: Sequence[str] | Mapping[str, Any] | str = ()
    blanks: bool = False
    strict: bool = False
    names: tuple[str, ...] = ()
    comments: bool = False
    is_header: IsHeader | None = None

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Self:
        """The options that concern reading, of those given and not None.

        Raises:
            ValueError: A delimiter of several characters, or another decimal mark.
        """
        own = {k: v for k, v in options.items() if k in cls.__dataclass_fields__ and v is not None}
        if "delimiter" in own:
            own["delimiter"] = WORDS.get(own["delimiter"], own["delimiter"])
            if len(own["delimiter"]) != 1 or own["delimiter"] in '"\r\n':
                raise ValueError(
                    f"`delimiter` must be one character or {', '.join(WORDS)},"
                    f" got {own['delimiter']!r}"
                )
        if not isinstance(own.get("header", True), bool):
            raise ValueError(f"`header` must be yes or no, got {own['header']!r}")
        if own.get("decimal", ".") not in (".", ","):
            raise ValueError(f"`decimal` must be '.' or ',', got {own['decimal']!r}")
        named = [v for v in map(options.get, NAMING) if isinstance(v, (str, tuple, list))]
        flat = [n for v in named for n in ((v,) if isinstance(v, str) else v)]
        reading = cls(**own, names=tuple(n for n in flat if not looks_numeric(n)))
        reading.conditions  # noqa: B018  (raises for invalid conditions)
        return reading

    @property
    def conditions(self) -> dict[str, str]:
        """Conditions on rows, as column and value.

        Raises:
            ValueError: A condition without an equals sign.
        """
        if isinstance(self.where, Mapping):
            return {str(name): str(value).strip() for name, value in self.where.items()}
        found = {}
        for condition in (self.where,) if isinstance(self.where, str) else self.where:
            name, equals, value = condition.partition("=")
            if not equals or not name.strip():
                raise ValueError(f"`where` must be `column=value`, got {condition!r}")
            found[name.strip()] = value.strip()
        return found


@dataclass(frozen=True)
class SeparatedTable:
    """The content of a delimited text file.

    Attributes:
        name: Name of the file.
        names: Names of the columns.
        rows: Rows with one cell per column.
        lines: Line of each row, from 1.
        damaged: The other rows, as text.
        notes: Notes on guesses.
        named: Whether the file names its columns.
    """

    name: str
    names: tuple[str, ...]
    rows: list[list[str]]
    lines: list[int]
    damaged: tuple[str, ...]
    notes: tuple[str, ...]
    named: bool


def read_separated(path: Path, reading: Reading) -> SeparatedTable:
    """Read a delimited text file, plain or compressed.

    Raises:
        ValueError: Empty, damaged, of an unknown encoding, or columns of the same name.
    """
    shown = printable(path.name)
    decoded = decode_file(path, encoding=reading.encoding)
    lines, returns, inner = _lines(decoded.text)
    expected = "\t" if file_ending(path) == ".tsv" else ","
    delimiter = reading.delimiter
    first = 0
    if lines and lines[0][:4].lower() == "sep=" and len(lines[0].strip()) == 5:
        delimiter, first = delimiter or lines[0][4], 1  # written by Excel
    elif reading.comments:
        lines = without_comments(lines)
    elif reading.blanks:
        first = _uncomment(lines, expected=expected, delimiter=delimiter)
    with fields_of_any_length():
        layout = find_layout(
            lines[first:],
            expected=expected,
            delimiter=delimiter,
            blanks=reading.blanks or reading.comments,
            words=reading.comments,
        )
        parsed = parse_rows(lines[first:], layout)
    if not parsed:
        raise ValueError(f"{shown} is empty")
    notes = [*decoded.notes]
    if delimiter is None and layout.delimiter != expected and not reading.comments:
        notes.append(
            f"cells of {shown} are separated by {delimiter_name(layout.delimiter)}:"
            " `delimiter` sets another character"
        )
    if returns:
        places = [f"line {number}" for number in returns]
        notes.append(
            f"{counted(len(returns), 'line')} of {shown} with a carriage return inside:"
            f" {list_names(places)}"
        )
    notes += _quote_notes(parsed, lines[first:], layout, shown)
    cells = [row.cells for row in parsed]
    if returns:
        cells = [[cell.replace(inner, "\r") for cell in row] for row in cells]
    cells = _without_last_delimiter(cells)
    given = {*reading.names, *reading.conditions}
    if reading.is_header is not None:
        header: bool | None = reading.is_header(cells)
    else:
        known = reading.header is None and bool(given & set(_stripped(cells[0])))
        header = True if known else reading.header
    names, named, more = _names(cells, header, shown)
    notes += more
    kept = list(zip(cells, parsed, strict=True))[named:]
    good = [(row, place.line + first) for row, place in kept if len(row) == len(names)]
    damaged = tuple(
        f"line {place.line + first} ({counted(len(row), 'entry').replace('entrys', 'entries')})"
        for row, place in kept
        if len(row) != len(names)
    )
    return SeparatedTable(
        name=shown,
        names=names,
        rows=[row for row, _ in good],
        lines=[line for _, line in good],
        damaged=damaged,
        notes=tuple(notes),
        named=named,
    )


def without_comments(lines: Sequence[str]) -> list[str]:
    """Lines with those that begin with ``#`` made blank, and with ``%`` before all others."""
    kept: list[str] = []
    begun = False
    for line in lines:
        comment = line.startswith("#") or (line.startswith("%") and not begun)
        begun = begun or not (comment or line.isspace())
        kept.append("\n" if comment else line)
    return kept


def _uncomment(lines: list[str], *, expected: str, delimiter: str | None) -> int:
    """Turn a last comment before the numbers, as NumPy writes it, into names; count the others."""
    comments = 0
    while comments < len(lines) and lines[comments].startswith("#"):
        comments += 1
    if not comments:
        return 0
    with fields_of_any_length():
        rest = lines[comments:]
        layout = find_layout(rest, expected=expected, delimiter=delimiter, blanks=True)
        names = lines[comments - 1].lstrip("# ")
        above, below = parse_rows([names], layout), parse_rows(rest[:50], layout)
    same = bool(above and below) and len(above[0].cells) == len(below[0].cells)
    plain = same and (len(below[0].cells) > 1 or len(names.split()) == 1)
    if not plain or not all(map(looks_numeric, below[0].cells)):
        return comments
    lines[comments - 1] = names
    return comments - 1


def _lines(text: str) -> tuple[list[str], list[int], str]:
    """Lines with their line feed, those with a carriage return inside, and its replacement."""
    inner = next(mark for mark in map(chr, range(0xFDD0, 0xFDF0)) if mark not in text)
    lines = [line + "\n" for line in text.removesuffix("\n").split("\n")] if text else []
    returns = [number for number, line in enumerate(lines, 1) if "\r" in line]
    for number in returns:
        lines[number - 1] = lines[number - 1].replace("\r", inner)
    return lines, returns, inner


def _stripped(row: Sequence[str]) -> list[str]:
    return [cell.strip() for cell in row]


def _without_last_delimiter(rows: list[list[str]]) -> list[list[str]]:
    """Rows without the empty cell after a delimiter that ends each line but the first."""
    width, later = len(rows[0]), rows[1:]
    if later and all(len(row) == width + 1 and not row[-1].strip() for row in later):
        return [rows[0], *(row[:-1] for row in later)]
    return rows


def _names(
    rows: Sequence[Sequence[str]], header: bool | None, shown: str
) -> tuple[tuple[str, ...], bool, list[str]]:
    """Names of the columns, whether the first row has them, and notes."""
    first = _stripped(rows[0])
    widths = [len(row) for row in rows[1:]]
    extra = len(first) > 1 and widths.count(len(first) + 1) > 0.9 * len(widths) > 0
    notes: list[str] = []
    judged = judge_first_row(rows)
    named = (judged.names or extra) if header is None else header
    if not named:
        width = len(first)
        if header is None:
            listed = list_names([repr(cell[:SHOWN]) for cell in first])
            notes.append(
                f"the first row of {shown} is data ({listed}): its columns are named 0 to"
                f" {width - 1}; `header` sets whether it has names"
                if width > 1
                else f"the first row of {shown} is data ({listed}): its column is named 0;"
                " `header` sets whether it has a name"
            )
        return tuple(map(str, range(width))), False, notes
    if header is None and not judged.sure and not extra:
        listed = list_names([repr(cell[:SHOWN]) for cell in first])
        notes.append(
            f"the first row of {shown} is taken as names ({listed}): `header` sets whether it is"
        )
    names = ["", *first] if extra else list(first)
    if extra:
        notes.append(f"rows of {shown} have one entry more than its first row: row names")
    for place, name in enumerate(names):
        if not name:
            names[place] = f"Unnamed: {place}"
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(
            f"columns of {shown} must have distinct names, got {twice!r} twice in the first row;"
            " `header` sets whether it has names"
        )
    held = [name for name in names if any(mark in name for mark in "\t;|\n")]
    if held:
        notes.append(
            f"names of columns of {shown} contain delimiters: {list_names([*map(repr, held)])}"
        )
    return tuple(names), True, notes


def _quote_notes(
    rows: Sequence[ParsedRow], lines: Sequence[str], layout: Layout, shown: str
) -> list[str]:
    """Notes on quotation marks that enclose no cell, and on quoted cells that look like rows."""
    notes = []
    stray = [f"line {row.line}" for row in rows if row.stray]
    if stray:
        notes.append(
            f"{counted(len(stray), 'line')} of {shown} with an unbalanced quotation mark, read as a"
            f" letter: {list_names(stray)}"
        )
    width = len(rows[0].cells)
    swallowed = []
    for row in rows:
        inside = lines[row.line : row.line + row.lines - 2]
        if width > 1 and len(inside) >= SWALLOWED:
            alike = [len(r.cells) == width for r in parse_rows(inside, layout, width=width)]
            if sum(alike) >= 0.8 * len(inside):
                swallowed.append(f"lines {row.line} to {row.line + row.lines - 1}")
    if swallowed:
        notes.append(
            f"{counted(len(swallowed), 'quoted cell')} of {shown} contain what looks like rows, as"
            f" after an unbalanced quotation mark: {list_names(swallowed)}"
        )
    return notes
