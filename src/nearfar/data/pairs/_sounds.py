"""Sounds that are halves of pairs: files by path, or their bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._file_list import content_digest
from nearfar.data._files import counted, list_names, printable
from nearfar.data._progress import in_threads
from nearfar.data._source import Batch, check_positions
from nearfar.data.sequences._decoding import (
    BadSound,
    SoundHeader,
    decode_sound,
    read_sound_header,
)
from nearfar.data.sequences._source import SequenceSource, resampling_note
from nearfar.inputs import Sequences

__all__ = ["SoundFiles", "sound_faults"]

SECONDS = 10.0  # a pair has one sound, so that longer ones are cut short and not into pieces
SHORTEST = 0.05


def sound_faults(files: Sequence[Any]) -> list[str | None]:
    """For each file why it cannot be used; None where it can."""
    return in_threads(_fault, files, label="looking at sounds")


def _fault(file: Path | bytes | None) -> str | None:
    if file is None:
        return "missing"
    try:
        header = read_sound_header(file)
    except BadSound as bad:
        return str(bad)
    except OSError as error:
        return error.strerror or str(error)
    seconds = header.frames / header.sample_rate
    return f"{seconds:.3f} s, too short" if seconds < SHORTEST else None


@final
class SoundFiles(SequenceSource):
    """Sound files in the order of their pairs, one channel and one rate, decoded when read.

    Damage that is found only then is given as silence and noted.

    Args:
        files: Path or bytes of each; none with a fault.
        name: Short name.
        rows: Where each stands, for a person.
        sample_rate: Numbers a second; the commonest rate of the files if left out.
    """

    def __init__(
        self,
        files: Sequence[Path | bytes],
        *,
        name: str,
        rows: NDArray[np.int64],
        sample_rate: int | None = None,
    ) -> None:
        self.name, self.channels = name, 1
        self._files, self._places = list(files), rows
        self._damaged: dict[int, str] = {}
        self._headers: list[SoundHeader] = in_threads(read_sound_header, self._files)
        rates = Counter(header.sample_rate for header in self._headers)
        self.sample_rate = sample_rate or max(rates, key=lambda rate: (rates[rate], rate))
        longest = round(SECONDS * self.sample_rate)
        frames = [header.frames_at(self.sample_rate) for header in self._headers]
        self.lengths = torch.tensor([min(longest, count) for count in frames])
        self.rows = torch.arange(len(files))
        self._long = sum(count > longest for count in frames)

    def __len__(self) -> int:
        return len(self._files)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        if not len(index):
            return Batch(Sequences(torch.zeros(0, 1, 0)), index)
        return Batch(Sequences.of(in_threads(self._decode, index.tolist())), index)

    def identify(self, sample: int) -> str:
        file = self._files[sample]
        return printable(file.name) if isinstance(file, Path) else f"row {self._places[sample]}"

    @property
    def notes(self) -> tuple[str, ...]:
        rates = [header.sample_rate for header in self._headers]
        note = resampling_note(rates, sample_rate=int(self.sample_rate or 0))
        notes = [note] if note else []
        if self._long:
            notes.append(f"{counted(self._long, 'sound')} cut to the first {SECONDS:g} s")
        if self._damaged:
            named = [f"{self.identify(i)} ({why})" for i, why in sorted(self._damaged.items())]
            notes.append(
                f"{counted(len(named), 'damaged sound')} given as silence: {list_names(named)}"
            )
        return tuple(notes)

    @cached_property
    def fingerprint(self) -> str:
        return content_digest(self._files, f"{self.sample_rate}")

    def _decode(self, position: int) -> Tensor:
        steps, rate = int(self.lengths[position]), int(self.sample_rate or 0)
        header = self._headers[position]
        try:
            return decode_sound(
                self._files[position], header, sample_rate=rate, start=0, stop=steps
            )
        except BadSound as bad:
            self._damaged[position] = str(bad)
            return torch.zeros(1, steps)
