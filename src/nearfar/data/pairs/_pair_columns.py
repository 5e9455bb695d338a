"""Read the two halves of each pair from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearfar._audience import given, named
from nearfar.data._array_files import ARRAY_ENDINGS, array_ending, open_array_file
from nearfar.data._files import file_ending, printable
from nearfar.data._tables import TABLE_ENDINGS, Reading, Table, read_table
from nearfar.data._text_decoding import decode_file, split_lines
from nearfar.data.text import choose_column

__all__ = ["Halves", "adjacent_halves", "halves_of", "read_halves"]


@dataclass(frozen=True)
class Halves:
    """Both halves of every pair, in order; missing values are None.

    Attributes:
        name: Short name of their origin.
        x: Inputs, as a list of values or an array.
        s: Signals, as a list of values or an array.
        place: Unit of `rows`: ``row`` or ``line``.
        rows: Row or line number of each pair.
        notes: Notes from reading the file.
    """

    name: str
    x: Sequence[Any] | NDArray[Any]
    s: Sequence[Any] | NDArray[Any]
    place: str = "row"
    rows: Sequence[int] | None = None
    notes: tuple[str, ...] = ()


def read_halves(
    path: Path,
    *,
    x: str | None,
    s: str | None,
    reading: Reading = Reading(),  # noqa: B008  (immutable)
) -> Halves:
    """Read two columns of a table, or two arrays of a file of arrays.

    Raises:
        ValueError: No such column or array, or an ambiguous choice of the two.
        TypeError: An array that only unpickling could read.
    """
    if array_ending(path):
        return _from_arrays(path, x, s)
    if path.is_dir() or file_ending(path) in TABLE_ENDINGS:
        return halves_of(read_table(path, reading), path.name.partition(".")[0], x=x, s=s)
    raise ValueError(
        f"{printable(str(path))} is not a file of pairs, which end in"
        f" {' '.join((*TABLE_ENDINGS, *ARRAY_ENDINGS))}"
    )


def halves_of(table: Table, name: str, *, x: str | None, s: str | None) -> Halves:
    """Two columns of a table.

    Raises:
        ValueError: No such column, or an ambiguous choice of the two.
    """
    first, second = _names(tuple(table.columns), x, s, table.name)
    chosen = (f"x is column {first!r}, s is column {second!r}",) if x is None else ()
    return Halves(
        name,
        table.column(first, option="x"),
        table.column(second, option="s"),
        table.place,
        table.rows,
        (*table.notes, *chosen),
    )


def adjacent_halves(
    path: Path | Sequence[str],
    *,
    x: str | None,
    reading: Reading = Reading(),  # noqa: B008  (immutable)
) -> Halves:
    """Pair each text with the next one: adjacent sentences have related content.

    A file of lines has one sentence per line; an empty line separates documents, which no pair
    spans. In a table, adjacent rows of a column are paired, and an empty entry separates documents.

    Reference:
        Logeswaran, Lee: An efficient framework for learning sentence representations (ICLR 2018),
        arXiv 1803.02893.
    """
    notes: tuple[str, ...] = ()
    if not isinstance(path, Path):
        name, texts, place = "texts", list(path), "row"
        rows: Sequence[int] = range(len(texts))
    elif path.is_dir() or file_ending(path) in TABLE_ENDINGS:
        table = read_table(path, reading)
        column, chosen = (x, ()) if x is not None else choose_column(table, None)
        name, texts = path.name.partition(".")[0], list(table.column(column, option="x"))
        place, rows, notes = table.place, table.rows, (*table.notes, *chosen)
    else:
        if x is not None:
            raise ValueError(f"`x` is for tables; {printable(path.name)} is a file of lines")
        decoded = decode_file(path, encoding=reading.encoding)
        name, texts, place = path.name.partition(".")[0], split_lines(decoded.text), "line"
        rows, notes = range(1, len(texts) + 1), decoded.notes
    for text in texts:
        if text is not None and not isinstance(text, str):
            raise TypeError(f"adjacent pairs must consist of texts, got {text!r} in {name}")
    full = [bool(text and text.strip()) for text in texts]
    pairs = [i for i in range(len(texts) - 1) if full[i] and full[i + 1]]
    if not pairs:
        raise ValueError(f"at least 1 adjacent pair is needed, got none in {name}")
    return Halves(
        name,
        [texts[i] for i in pairs],
        [texts[i + 1] for i in pairs],
        place,
        [rows[i] for i in pairs],
        (*notes, "pairs consist of each text and the next"),
    )


def _names(held: tuple[str, ...], x: str | None, s: str | None, where: str) -> tuple[str, str]:
    """Names of the two columns or arrays; of exactly two, the first is the input."""
    if x is None and s is None and len(held) == 2:
        return held[0], held[1]
    if x is None or s is None:
        shown = [x or held[0], s or held[1]] if len(held) > 1 else []
        how = f", as in {given(x=shown[0], s=shown[1])}" if shown else ""
        raise ValueError(
            f"specify the two halves of the pairs in {where} with {named('x')} and {named('s')}"
            f"{how}; it has {', '.join(held) or 'nothing'}"
        )
    return x, s


def _from_arrays(path: Path, x: str | None, s: str | None) -> Halves:
    shown = printable(path.name)
    with open_array_file(path) as arrays:
        first, second = _names(tuple(arrays), x, s, shown)
        for option, name in (("x", first), ("s", second)):
            if name not in arrays:
                raise ValueError(
                    f"`{option}` must be an array of {shown}, got {name!r}; it contains"
                    f" {', '.join(arrays)}"
                )
        return Halves(path.stem, arrays[first], arrays[second])
