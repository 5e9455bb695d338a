"""Several sources, one after the other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import final

import numpy as np
import torch
from torch import Tensor

from nearfar.data.source import Batch, Source, check_positions

__all__ = ["Joined"]


@final
class Joined(Source):
    """The images of several sources of one kind, numbered through."""

    def __init__(self, sources: Sequence[Source], *, name: str) -> None:
        self.sources = tuple(sources)
        self.name = name
        self.channels = sources[0].channels
        self.image_size = sources[0].image_size
        self._ends = np.cumsum([len(source) for source in sources])

    def __len__(self) -> int:
        return int(self._ends[-1])

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        part = torch.from_numpy(np.searchsorted(self._ends, index.numpy(), side="right"))
        images: list[Tensor] = [torch.empty(0)] * len(index)
        for number, source in enumerate(self.sources):
            (rows,) = torch.nonzero(part == number, as_tuple=True)
            if len(rows):
                first = int(self._ends[number]) - len(source)
                batch = source.read(index[rows] - first)
                for row, image in zip(rows.tolist(), batch.images, strict=True):
                    images[row] = image
        return Batch.of(images, index)

    def identify(self, sample: int) -> str:
        return f"row {sample}"

    def describe(self) -> str:
        _, _, rest = self.sources[0].describe().partition(" ")
        return f"{len(self):,} {rest}"

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(note for source in self.sources for note in source.notes)

    @property
    def value_range(self) -> tuple[float, float] | None:
        return self.sources[0].value_range

    @cached_property
    def fingerprint(self) -> str:
        content = " ".join(source.fingerprint for source in self.sources)
        return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
