"""The two halves of each pair out of a file: which values, and what they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearfar.data._files import file_ending, printable
from nearfar.data._numpy_files import open_arrays
from nearfar.data._tables import TABLE_ENDINGS, read_lines, read_table

__all__ = ["Halves", "adjacent_halves", "read_halves"]


@dataclass(frozen=True)
class Halves:
    """Both halves of every pair, in order; what is missing is None.

    Attributes:
        name: Short name of what they are from.
        x: The inputs: a list of values, or an array.
        s: The signals.
        place: What a person counts there: ``row``, ``line``.
        rows: Where each pair stands.
        notes: What was left out before.
    """

    name: str
    x: Sequence[Any] | NDArray[Any]
    s: Sequence[Any] | NDArray[Any]
    place: str = "row"
    rows: Sequence[int] | None = None
    notes: tuple[str, ...] = ()


def read_halves(path: Path, *, x: str | None, s: str | None) -> Halves:
    """Two columns of a table, or two arrays of an ``.npz`` file.

    Raises:
        ValueError: No such column or array, or it was not said which two.
        TypeError: An array that only unpickling could read.
    """
    if file_ending(path) in TABLE_ENDINGS:
        table = read_table(path)
        first, second = _names(tuple(table.columns), x, s, table.name)
        return Halves(
            path.name.partition(".")[0],
            table.column(first, option="x"),
            table.column(second, option="s"),
            table.place,
            table.rows,
            table.notes,
        )
    if path.suffix.lower() != ".npz":
        raise ValueError(
            f"{printable(str(path))} is no file of pairs: these end in"
            f" {' '.join((*TABLE_ENDINGS, '.npz'))}"
        )
    return _from_arrays(path, x, s)


def adjacent_halves(path: Path | Sequence[str], *, x: str | None) -> Halves:
    """Each text with the one after it: neighbours in a text are about the same thing.

    A file of lines has a sentence in each; an empty line ends a text, and no pair reaches over it.
    Of a table the rows of a column follow one another; an empty entry ends a text.

    Reference:
        Logeswaran, Lee: An efficient framework for learning sentence representations (ICLR 2018),
        arXiv 1803.02893.
    """
    notes: tuple[str, ...] = ()
    if not isinstance(path, Path):
        name, texts, place = "texts", list(path), "row"
        rows: Sequence[int] = range(len(texts))
    elif file_ending(path) in TABLE_ENDINGS:
        table = read_table(path)
        column = x or next(iter(table.columns))
        name, texts = path.name.partition(".")[0], list(table.column(column, option="x"))
        place, rows, notes = table.place, table.rows, table.notes
    else:
        if x is not None:
            raise ValueError(f"`x` is for tables; {printable(path.name)} is a file of lines")
        name, texts, place = path.name.partition(".")[0], list(read_lines(path)), "line"
        rows = range(1, len(texts) + 1)
    for text in texts:
        if text is not None and not isinstance(text, str):
            raise TypeError(f"adjacent pairs must be of texts, got {text!r} in {name}")
    full = [bool(text and text.strip()) for text in texts]
    pairs = [i for i in range(len(texts) - 1) if full[i] and full[i + 1]]
    if len(pairs) < 2:
        raise ValueError(f"at least 2 pairs of neighbours are needed, got {len(pairs)} in {name}")
    return Halves(
        name,
        [texts[i] for i in pairs],
        [texts[i + 1] for i in pairs],
        place,
        [rows[i] for i in pairs],
        (*notes, "pairs are of each text and the next"),
    )


def _names(held: tuple[str, ...], x: str | None, s: str | None, where: str) -> tuple[str, str]:
    """Which two; of two columns the first is the input."""
    if x is None and s is None and len(held) == 2:
        return held[0], held[1]
    if x is None or s is None:
        raise ValueError(
            f"say which of {where} are the halves of the pairs with `x` and `s`; it has"
            f" {', '.join(held) or 'nothing'}"
        )
    return x, s


def _from_arrays(path: Path, x: str | None, s: str | None) -> Halves:
    shown = printable(path.name)
    with open_arrays(path) as arrays:
        first, second = _names(tuple(arrays), x, s, shown)
        for option, name in (("x", first), ("s", second)):
            if name not in arrays:
                raise ValueError(
                    f"`{option}` must be an array of {shown}, got {name!r}; it holds"
                    f" {', '.join(arrays)}"
                )
        return Halves(path.stem, arrays[first], arrays[second])
