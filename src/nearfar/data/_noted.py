"""A source with notes on where its samples come from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import final

from jaxtyping import Int64
from torch import Tensor

from nearfar.data._source import Batch, Source

__all__ = ["Delegated", "noted"]


class Delegated(Source):
    """The samples of another source; subclasses change one of its answers."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.name, self.at_once = source.name, source.at_once

    def __len__(self) -> int:
        return len(self.source)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        return self.source.read(positions)

    def identify(self, sample: int) -> str:
        return self.source.identify(sample)

    def describe(self) -> str:
        return self.source.describe()

    @property
    def modality(self) -> str:  # type: ignore[override]  # that of the source
        return self.source.modality

    @property
    def root(self) -> Source:
        return self.source.root

    @property
    def samples(self) -> Int64[Tensor, " samples"]:
        return self.source.samples

    @property
    def fingerprint(self) -> str:
        return self.source.fingerprint

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        return self.source.former_fingerprints

    @property
    def in_memory(self) -> bool:
        return self.source.in_memory

    def file_of(self, position: int) -> Path | bytes | None:
        return self.source.file_of(position)


@final
class _Noted(Delegated):
    """The samples of another source, with further notes."""

    def __init__(self, source: Source, notes: tuple[str, ...]) -> None:
        super().__init__(source)
        self._notes = notes

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self._notes, *self.source.notes)


def noted(source: Source, notes: tuple[str, ...]) -> Source:
    """The source itself if there is nothing to note.

    >>> from nearfar.data import open_source
    >>> noted(open_source("digits"), ("1 file read twice",)).notes
    ('1 file read twice',)
    """
    return _Noted(source, notes) if notes else source
