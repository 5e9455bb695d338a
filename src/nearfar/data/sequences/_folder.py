"""A folder of sound files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import final

import torch
from torch import Tensor

from nearfar.checks import check_integer, check_positive
from nearfar.data._file_list import FileList, list_bad
from nearfar.data._files import SOUND_ENDINGS, counted
from nearfar.data._folder_parts import Folder
from nearfar.data._progress import in_threads
from nearfar.data._source import Batch, check_positions
from nearfar.data.sequences._decoding import (
    BadSound,
    SoundHeader,
    decode_sound,
    read_sound_header,
)
from nearfar.data.sequences._source import (
    SequenceSource,
    cut,
    resampling_note,
    shortest,
)
from nearfar.inputs import Sequences

__all__ = ["SoundFolder"]

MEMORY = 256 << 20
NUMBER_SIZE = 4  # bytes


@final
class SoundFolder(SequenceSource, Folder):
    """Every sound in a folder and the folders below it, in the order of their paths.

    WAV, FLAC, OGG, Opus, MP3 and AIFF, of any rate and length; several channels become one, their
    mean. Files are resampled to one rate and long ones cut into pieces. Headers are read here. If
    all sounds fit in `memory` they are decoded here too, once; else in threads each time they are
    read, and kept while there is room.

    A file that cannot be read, is shorter than 0.05 s or holds NaN is left out and counted in
    :attr:`notes`. Damage that is found only when a large set is read is given as silence and noted:
    samples keep their numbers, so a run stays the same run.

    Args:
        folder: The folder.
        name: Short name; the folder's own if left out.
        sample_rate: Numbers a second; the commonest rate of the files if left out.
        seconds: Longer files are cut into pieces of this length.
        memory: Bytes that decoded sounds may take.

    Raises:
        FileNotFoundError: No such folder.
        ImportError: The decoding library is not installed.
        ValueError: Fewer than two sounds, or more than half of the files unfit.
    """

    sample_rate: int

    def __init__(
        self,
        folder: Path,
        *,
        name: str | None = None,
        sample_rate: int | None = None,
        seconds: float = 10.0,
        memory: int = MEMORY,
    ) -> None:
        check_positive(seconds=seconds)
        if sample_rate is not None:
            check_integer(at_least=1, sample_rate=sample_rate)
        self.folder = folder
        self._files = FileList(folder, SOUND_ENDINGS, noun="sounds")
        self.name = name or folder.resolve().name
        self.channels = 1
        self._damaged: dict[int, str] = {}
        self._kept: dict[int, Tensor] = {}
        found = in_threads(self._read_header, self._files.names, label="looking at files")
        self._headers = [header for header in found if isinstance(header, SoundHeader)]
        self._drop_bad(found)
        rates = Counter(header.sample_rate for header in self._headers)
        self.sample_rate = sample_rate or max(rates, key=lambda rate: (rates[rate], rate))
        self._room = memory
        frames = [header.frames_at(self.sample_rate) for header in self._headers]
        self._pieces = self._cut(frames, seconds)
        if sum(frames) * NUMBER_SIZE <= memory:
            self._decode_all(seconds)
        self.rows = torch.tensor([row for row, _, _ in self._pieces])
        self.lengths = torch.tensor([stop - start for _, start, stop in self._pieces])

    def __len__(self) -> int:
        return len(self._pieces)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        if not len(index):
            return Batch(Sequences(torch.zeros(0, 1, 0)), index)
        missing = [i for i in sorted(set(index.tolist())) if i not in self._kept]
        decoded = dict(zip(missing, in_threads(self._decode, missing), strict=True))
        for position, sound in decoded.items():
            if isinstance(sound, Tensor) and sound.numel() * NUMBER_SIZE <= self._room:
                self._room -= sound.numel() * NUMBER_SIZE
                self._kept[position] = sound
        sounds = []
        for position in index.tolist():
            sound = self._kept.get(position, decoded.get(position))
            if not isinstance(sound, Tensor):
                self._damaged[position] = str(sound)
                _, start, stop = self._pieces[position]
                sound = torch.zeros(1, stop - start)
            sounds.append(sound)
        return Batch(Sequences.of(sounds), index)

    def identify(self, sample: int) -> str:
        row, start, stop = self._pieces[sample]
        name = self._files.identify(row)
        if start == 0 and stop == self._headers[row].frames_at(self.sample_rate):
            return name
        return f"{name} {start / self.sample_rate:.1f}-{stop / self.sample_rate:.1f} s"

    @property
    def notes(self) -> tuple[str, ...]:
        notes = self._files.notes()
        rates = [header.sample_rate for header in self._headers]
        note = resampling_note(rates, sample_rate=self.sample_rate)
        notes += [note] if note else []
        several = sum(header.channels > 1 for header in self._headers)
        if several:
            notes.append(f"{counted(several, 'file')} of several channels: their mean is taken")
        if len(self) > len(self._headers):
            long = len({row for row, start, _ in self._pieces if start})
            notes.append(f"{counted(long, 'long file')} cut: {len(self):,} pieces in all")
        notes += self._files.skipped()
        if self._damaged:
            damaged = [(self.identify(i), why) for i, why in sorted(self._damaged.items())]
            notes.append(
                f"{counted(len(damaged), 'damaged piece')} given as silence: {list_bad(damaged)}"
            )
        return tuple(notes)

    @cached_property
    def fingerprint(self) -> str:
        return self._files.fingerprint(f"{self.sample_rate} {self._pieces}")

    def paths(self) -> tuple[Path, ...]:
        return tuple(Path(self._files.names[row]) for row, _, _ in self._pieces)

    def _read_header(self, path: str) -> SoundHeader | str:
        try:
            header = read_sound_header(self.folder / path)
        except BadSound as bad:
            return str(bad)
        except OSError as error:
            return error.strerror or str(error)
        if header.frames < shortest(header.sample_rate):
            return f"{header.frames / header.sample_rate:.3f} s, too short"
        return header

    def _cut(self, frames: Sequence[int], seconds: float) -> list[tuple[int, int, int]]:
        piece = max(1, round(seconds * self.sample_rate))
        return [
            (row, start, stop)
            for row, count in enumerate(frames)
            for start, stop in cut(count, piece=piece)
        ]

    def _decode_all(self, seconds: float) -> None:
        """Decode every piece; a file with a damaged one is forgotten."""
        sounds = in_threads(self._decode, range(len(self._pieces)), label="decoding sounds")
        reasons: list[object] = [None] * len(self._headers)
        for (row, _, _), sound in zip(self._pieces, sounds, strict=True):
            reasons[row] = sound if isinstance(sound, str) else reasons[row]
        good = [
            sound
            for (row, _, _), sound in zip(self._pieces, sounds, strict=True)
            if reasons[row] is None
        ]
        self._drop_bad(reasons)
        frames = [header.frames_at(self.sample_rate) for header in self._headers]
        self._pieces = self._cut(frames, seconds)
        self._kept = {i: sound for i, sound in enumerate(good) if isinstance(sound, Tensor)}

    def _drop_bad(self, results: Sequence[object]) -> None:
        good = self._files.drop(results)
        if len(self._headers) > len(self._files.names):
            self._headers = list(compress(self._headers, good))

    def _decode(self, position: int) -> Tensor | str:
        row, start, stop = self._pieces[position]
        rate = self.sample_rate
        try:
            sound: Tensor = decode_sound(
                self.folder / self._files.names[row],
                self._headers[row],
                sample_rate=rate,
                start=start,
                stop=stop,
            )
        except BadSound as bad:
            return str(bad)
        return sound
