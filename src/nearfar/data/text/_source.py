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
from nearfar.data._source import Batch, Source, check_positions
from nearfar.inputs import Texts

__all__ = ["TextSource"]


@final
class TextSource(Source):
    """Texts in memory, as one block of UTF-8: half a gigabyte for a million texts of 500 letters.

    Empty texts are left out and counted; texts of more than `words` words are cut. Texts that occur
    several times are left as they are.

    Args:
        texts: The texts; None is an empty one.
        name: Short name.
        words: Most words that are kept of a text, as white space separates them; all if None.
        rows: A number for each text by which a person finds it; 0, 1, 2 … if not given.
        place: What such a number counts: ``row``, ``line``.
        notes: What a user should know about the texts.

    Attributes:
        kept: Which of the texts given the source has.
        words: As given.

    Raises:
        TypeError: Something else than a text.
        ValueError: Fewer than two texts, or more than half of them empty.

    Example:
        >>> source = TextSource(["an apple", "", "two pears"], name="fruit")
        >>> source, source.read([1]).inputs.strings
        (<fruit: 2 texts of 2 words>, ('two pears',))
        >>> source.notes
        ('1 of 3 texts left out, being empty: row 1',)
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
    ) -> None:
        if words is not None:
            check_integer(at_least=1, words=words)
        self.name, self.words, self._place = name, words, place
        kept: list[int] = []
        lengths: list[int] = []
        ends: list[int] = [0]
        block = bytearray()
        count = cut = 0
        for given in texts:
            if not isinstance(given, (str, NoneType)):
                raise TypeError(f"texts must be words, got {given!r} in text {count}")
            text, length = _cut(given or "", words)
            count += 1
            if not length:
                continue
            cut += text is not given
            block += text.encode("utf-8", "replace")  # half of a surrogate pair
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
            self._notes += (f"{len(empty):,} of {count:,} texts left out, being empty: {shown}",)
        if cut:
            self._notes += (f"{counted(cut, 'text')} cut to the first {words} words",)

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


def _cut(text: str, words: int | None) -> tuple[str, int]:
    """A text of so many words at most, itself if it has no more, and how many they are."""
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
    if kept < 2:
        raise ValueError(f"at least 2 texts are needed, got {kept} in {name}")
