"""Concatenation of several sources."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import final

import numpy as np
import torch
from torch import Tensor

from nearfar.data._source import Batch, Source, check_positions
from nearfar.inputs import join, select

__all__ = ["Joined"]


@final
class Joined(Source):
    """The concatenated samples of several sources of the same modality, numbered consecutively."""

    def __init__(self, sources: Sequence[Source], *, name: str) -> None:
        self.sources = tuple(sources)
        self.name = name
        self.at_once = sources[0].at_once
        self._ends = np.cumsum([len(source) for source in sources])

    @property
    def modality(self) -> str:  # type: ignore[override]  # that of the parts
        return self.sources[0].modality

    @property
    def root(self) -> Source:
        return self.sources[0].root

    def __len__(self) -> int:
        return int(self._ends[-1])

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        part = torch.from_numpy(np.searchsorted(self._ends, index.numpy(), side="right"))
        read, places = [], []
        for number, source in enumerate(self.sources):
            (rows,) = torch.nonzero(part == number, as_tuple=True)
            if len(rows):
                first = int(self._ends[number]) - len(source)
                read.append(source.read(index[rows] - first).inputs)
                places.append(rows)
        together = join(read or [self.sources[0].read([]).inputs])
        if len(places) > 1:
            together = select(together, torch.cat(places).argsort())
        return Batch(together, index)

    def identify(self, sample: int) -> str:
        return f"row {sample}"

    def describe(self) -> str:
        _, _, rest = self.sources[0].describe().partition(" ")
        return f"{len(self):,} {rest}"

    @property
    def in_memory(self) -> bool:
        return all(source.in_memory for source in self.sources)

    def file_of(self, position: int) -> Path | bytes | None:
        number = int(np.searchsorted(self._ends, position, side="right"))
        source = self.sources[number]
        return source.file_of(position - int(self._ends[number]) + len(source))

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(note for source in self.sources for note in source.notes)

    @cached_property
    def fingerprint(self) -> str:
        return _hash([source.fingerprint for source in self.sources])

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        known = [source.former_fingerprints or (source.fingerprint,) for source in self.sources]
        formers = [_hash(each) for each in zip(*known, strict=False)]
        return tuple(former for former in formers if former != self.fingerprint)


def _hash(fingerprints: Sequence[str]) -> str:
    return hashlib.blake2b(" ".join(fingerprints).encode(), digest_size=8).hexdigest()
