"""Texts in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from types import NoneType
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.data._files import counted, list_names
from nearfar.data._omissions import Omission
from nearfar.data._source import Batch, Source, check_positions
from nearfar.inputs import Texts

__all__ = ["TextSource"]

SHOWN = 60  # characters of an entry in a message


@final
class TextSource(Source):
    """Texts in memory, as one block of UTF-8: half a gigabyte for a million 500-character texts.

    Empty texts are skipped and counted; texts of more than `words` words are truncated. Duplicate
    texts are kept.

    Args:
        texts: The texts; None counts as an empty text.
        name: Short name.
        words: Number of whitespace-separated words after which texts are truncated; None for no
            limit.
        rows: Line or row number of each text, to identify it in messages; by default 0, 1, 2 …
        place: Unit of `rows`: ``row`` or ``line``.
        notes: Notes on the texts for the user.
        column: Column of a table that they come from.

    Attributes:
        column: Column of a table that they come from.
        kept: Indices of the given texts that are not empty.
        words: The limit on the number of words.

    Raises:
        TypeError: An entry that is not a string.
        ValueError: No text, or more than half of them empty.

    Example:
        >>> source = TextSource(["an apple", "", "two pears"], name="fruit")
        >>> source, source.read([1]).inputs.strings
        (<fruit: 2 texts of 2 words>, ('two pears',))
        >>> source.notes
        ('1 of 3 texts skipped as empty: row 1',)
    """

    modality: ClassVar = "text"

    def __init__(
        self,
        texts: Iterable[str | None],
        *,
        name: str,
        words: int | None = None,
        rows: Sequence[int] | NDArray[np.int64] | None = None,
        place: str = "row",
        notes: tuple[str, ...] = (),
        column: str | None = None,
    ) -> None:
        if words is not None:
            check_integer(at_least=1, words=words)
        self.name, self.words, self._place = name, words, place
        self.column = column
        kept: list[int] = []
        lengths: list[int] = []
        ends: list[int] = [0]
        block = bytearray()
        count = cut = 0
        for given in texts:
            if not isinstance(given, (str, NoneType)):
                raise TypeError(f"texts must be strings, got {_shown(given)} in text {count}")
            text, length = _cut(given or "", words)
            count += 1
            if not length:
                continue
            cut += text is not given
            block += text.encode("utf-8", "replace")  # for unpaired surrogates
            ends.append(len(block))
            kept.append(count - 1)
            lengths.append(length)
        numbers = np.arange(count) if rows is None else np.asarray(rows, dtype=np.int64)
        self.kept = np.asarray(kept, dtype=np.int64)
        self._rows = numbers[self.kept]
        self._block, self._ends = bytes(block), np.asarray(ends, dtype=np.int64)
        empty = [f"{place} {number}" for number in np.delete(numbers, self.kept)]
        _check_enough(len(kept), empty, name)
        self._typical = int(np.median(lengths))
        self._notes = notes
        if empty:
            shown = list_names(empty)
            skipped = f"{len(empty):,} of {count:,} texts skipped as empty: {shown}"
            self._notes += (Omission(skipped),)
        if cut:
            self._notes += (f"{counted(cut, 'text')} truncated to the first {words} words",)

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        return Batch(Texts(tuple(map(self._text, index.tolist()))), index)

    def identify(self, sample: int) -> str:
        return f"{self._place} {self._rows[sample]}"

    def describe(self) -> str:
        return f"{len(self):,} texts of {counted(self._typical, 'word')}"

    @property
    def in_memory(self) -> bool:
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        return self._notes

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=8)
        digest.update(self._ends.tobytes())
        digest.update(self._block)
        return digest.hexdigest()

    def __iter__(self) -> Iterator[str]:
        return map(self._text, range(len(self)))

    def _text(self, position: int) -> str:
        return self._block[self._ends[position] : self._ends[position + 1]].decode()


def _shown(given: object) -> str:
    return repr(given) if len(repr(given)) <= SHOWN else f"{repr(given)[:SHOWN]}…"


def _cut(text: str, words: int | None) -> tuple[str, int]:
    """Truncate a text to at most `words` words; return it with its number of words."""
    pieces = text.split(None, -1 if words is None else words)
    if words is None or len(pieces) <= words:
        return text, len(pieces)
    return " ".join(pieces[:words]), words


def _check_enough(kept: int, empty: list[str], name: str) -> None:
    if len(empty) > kept:
        raise ValueError(
            f"more than half of the texts in {name} are empty,"
            f" {len(empty):,} of {kept + len(empty):,}: {list_names(empty)}"
        )
    if kept < 1:
        raise ValueError(f"at least 1 text is needed, got none in {name}")
