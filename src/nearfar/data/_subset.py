"""A selection of another source's samples."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import final

from jaxtyping import Int64
from torch import Tensor

from nearfar.data._source import Batch, Source, check_positions

__all__ = ["Subset"]


@final
class Subset(Source):
    """Some samples of a source, in a given order.

    Samples keep their index: :meth:`read` takes positions in the selection, while
    :attr:`Batch.samples` and :meth:`identify` use the indices of the parent. Random augmentations
    of a sample therefore do not depend on the selection.
    """

    def __init__(
        self,
        source: Source,
        positions: Sequence[int] | Tensor,
        *,
        name: str | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        self.source = source
        self._notes = notes
        self.name = name or source.name
        self.at_once = source.at_once
        self._positions = check_positions(positions, length=len(source))
        if not len(self._positions):
            raise ValueError(
                f"`positions` must select at least 1 of {len(source):,} samples, got 0"
            )

    def __len__(self) -> int:
        return len(self._positions)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        return self.source.read(self._positions[check_positions(positions, length=len(self))])

    def identify(self, sample: int) -> str:
        return self.source.identify(sample)

    def describe(self) -> str:
        return f"{len(self):,} of {self.source.describe()}"

    @property
    def modality(self) -> str:  # type: ignore[override]  # that of the parent
        return self.source.modality

    @property
    def root(self) -> Source:
        return self.source.root

    @cached_property
    def samples(self) -> Int64[Tensor, " samples"]:
        return self.source.samples[self._positions]

    @property
    def in_memory(self) -> bool:
        return self.source.in_memory

    def file_of(self, position: int) -> Path | bytes | None:
        return self.source.file_of(int(self._positions[position]))

    @property
    def notes(self) -> tuple[str, ...]:
        return (*self.source.notes, *self._notes)

    @cached_property
    def fingerprint(self) -> str:
        return self._of(self.source.fingerprint)

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        return tuple(map(self._of, self.source.former_fingerprints))

    def _of(self, fingerprint: str) -> str:
        content = fingerprint.encode() + self._positions.numpy().tobytes()
        return hashlib.blake2b(content, digest_size=8).hexdigest()
