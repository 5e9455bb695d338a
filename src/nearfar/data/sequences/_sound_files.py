"""Audio files, given by path or content, decoded on access."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._file_list import content_digest, former_digest
from nearfar.data._files import counted, list_names, printable
from nearfar.data._source import Batch, check_positions
from nearfar.data._thread_pool import in_threads
from nearfar.data.sequences._sequence_source import SequenceSource, cut, resampling_note, shortest
from nearfar.data.sequences._sound_decoding import (
    BadSound,
    SoundHeader,
    decode_sound,
    read_sound_header,
)
from nearfar.inputs import Sequences

__all__ = ["SoundFileSource", "SoundFiles", "header_or_reason", "sound_faults"]

SECONDS = 10.0  # longer recordings are truncated, as each row must stay one sample
NUMBER_SIZE = 4  # bytes


def header_or_reason(file: Path | bytes) -> SoundHeader | str:
    """The header of a file, or the reason why the file cannot be used, such as its length."""
    try:
        header = read_sound_header(file)
    except BadSound as bad:
        return str(bad)
    except OSError as error:
        return error.strerror or str(error)
    if header.frames < shortest(header.sample_rate):
        return f"{header.frames / header.sample_rate:.3f} s, too short"
    return header


class SoundFileSource(SequenceSource):
    """A source that decodes segments of audio files; damaged segments become silence.

    Attributes:
        pieces: File, first and last step of each segment, at the source's sampling rate.
        damaged: By position, the reason why a segment could not be decoded.
        silent: Positions of the segments found to be constant.
    """

    sample_rate: int
    pieces: list[tuple[int, int, int]]

    def __init__(self, *, room: int = 0) -> None:
        self.channels = 1
        self.damaged: dict[int, str] = {}
        self.silent: set[int] = set()
        self._headers: list[SoundHeader] = []
        self._room = room  # bytes left for decoded audio
        self._kept: dict[int, Tensor] = {}

    @abstractmethod
    def file(self, row: int) -> Path | bytes:
        """Path or content of a file."""

    def __len__(self) -> int:
        return len(self.pieces)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        if not len(index):
            return Batch(Sequences(torch.zeros(0, 1, 0)), index)
        missing = [i for i in sorted(set(index.tolist())) if i not in self._kept]
        decoded = dict(zip(missing, in_threads(self.decode, missing), strict=True))
        for position, sound in decoded.items():
            self.hear(position, sound)
            if isinstance(sound, Tensor) and sound.numel() * NUMBER_SIZE <= self._room:
                self._room -= sound.numel() * NUMBER_SIZE
                self._kept[position] = sound
        sounds = []
        for position in index.tolist():
            sound = self._kept.get(position, decoded.get(position))
            if not isinstance(sound, Tensor):
                self.damaged[position] = str(sound)
                _, start, stop = self.pieces[position]
                sound = torch.zeros(1, stop - start)
            sounds.append(sound)
        return Batch(Sequences.of(sounds), index)

    def file_of(self, position: int) -> Path | bytes | None:
        row, start, stop = self.pieces[position]
        whole = start == 0 and stop == self._headers[row].frames_at(self.sample_rate)
        return self.file(row) if whole else None

    def decode(self, position: int) -> Tensor | str:
        """The segment, or the reason why it cannot be decoded."""
        row, start, stop = self.pieces[position]
        rate, header = self.sample_rate, self._headers[row]
        try:
            sound: Tensor = decode_sound(
                self.file(row), header, sample_rate=rate, start=start, stop=stop
            )
        except BadSound as bad:
            return str(bad)
        return sound

    def hear(self, position: int, sound: Tensor | str) -> None:
        """Note a segment without any sound."""
        if isinstance(sound, Tensor) and bool((sound == sound[..., :1]).all()):
            self.silent.add(position)

    @abstractmethod
    def file_name(self, row: int) -> str:
        """Name of a file for messages."""

    def conversions(self) -> list[str]:
        """Notes on resampled, truncated and silent files, and on those with several channels."""
        rates = [header.sample_rate for header in self._headers]
        note = resampling_note(rates, sample_rate=self.sample_rate)
        notes = [note] if note else []
        several = [row for row, header in enumerate(self._headers) if header.channels > 1]
        canceled = [row for row in several if self._headers[row].channel is not None]
        if len(several) > len(canceled):
            count = counted(len(several) - len(canceled), "file")
            notes.append(f"{count} with several channels: averaged")
        if canceled:
            named = list_names([self.file_name(row) for row in canceled])
            notes.append(
                f"{counted(len(canceled), 'file')} whose channels cancel out in their mean: the"
                f" loudest channel used: {named}"
            )
        for what, rows in (
            (
                "shorter than the header states",
                [r for r, h in enumerate(self._headers) if h.is_cut],
            ),
            ("silent", sorted({self.pieces[i][0] for i in self.silent})),
        ):
            if rows:
                named = list_names([self.file_name(row) for row in rows])
                notes.append(f"{counted(len(rows), 'file')} {what}: {named}")
        return notes

    def frames(self) -> list[int]:
        """Number of steps of each file, at the source's sampling rate."""
        return [header.frames_at(self.sample_rate) for header in self._headers]

    def set_pieces(self, pieces: Iterable[tuple[int, int, int]]) -> None:
        """Set the segments that are the samples."""
        self.pieces = list(pieces)
        self.rows = torch.tensor([row for row, _, _ in self.pieces])
        self.lengths = torch.tensor([stop - start for _, start, stop in self.pieces])

    def commonest_rate(self) -> int:
        """The most common sampling rate of the files; the higher one in case of a tie."""
        rates = Counter(header.sample_rate for header in self._headers)
        return max(rates, key=lambda rate: (rates[rate], rate))


@final
class SoundFiles(SoundFileSource):
    """Audio files in a given order, such as those in a table's rows.

    Args:
        files: Path or bytes of each file; none may have a fault (:func:`sound_faults`).
        name: Short name.
        rows: Row number of each file, to identify it in messages.
        sample_rate: Sampling rate in Hz; by default the most common rate of the files.
        seconds: Length in seconds of the segments that longer files are split into; by default only
            the first 10 s of a file are used, so that each row is one sample.
        notes: Notes on the files for the user.
    """

    def __init__(
        self,
        files: Sequence[Path | bytes],
        *,
        name: str,
        rows: NDArray[np.int64],
        sample_rate: int | None = None,
        seconds: float | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        super().__init__()
        self.name = name
        self._files, self._places, self._notes = files, rows, notes
        self._splits = seconds is not None
        self._headers = in_threads(read_sound_header, self._files)
        self.sample_rate = sample_rate or self.commonest_rate()
        longest = max(1, round((seconds or SECONDS) * self.sample_rate))
        frames = self.frames()
        self.set_pieces(
            (row, start, stop)
            for row, count in enumerate(frames)
            for start, stop in (
                cut(count, piece=longest) if self._splits else [(0, min(longest, count))]
            )
        )
        self.rows = torch.from_numpy(rows)[self.rows]
        self._long = 0 if self._splits else sum(count > longest for count in frames)

    def file(self, row: int) -> Path | bytes:
        return self._files[row]

    def file_name(self, row: int) -> str:
        file = self._files[row]
        return printable(file.name) if isinstance(file, Path) else f"row {self._places[row]}"

    def identify(self, sample: int) -> str:
        row, start, stop = self.pieces[sample]
        name = self.file_name(row)
        if self._splits and stop - start < self._headers[row].frames_at(self.sample_rate):
            name += f" {start / self.sample_rate:.1f}-{stop / self.sample_rate:.1f} s"
        return name

    @property
    def notes(self) -> tuple[str, ...]:
        notes = [*self._notes, *self.conversions()]
        if len(self) > len(self._headers):
            long = len({row for row, start, _ in self.pieces if start})
            notes.append(f"{counted(long, 'long file')} split: {len(self):,} segments in total")
        if self._long:
            notes.append(f"{counted(self._long, 'recording')} truncated to the first {SECONDS:g} s")
        if self.damaged:
            named = [f"{self.identify(i)} ({why})" for i, why in sorted(self.damaged.items())]
            notes.append(
                f"{counted(len(named), 'damaged recording')} set to silence: {list_names(named)}"
            )
        return tuple(notes)

    @property
    def _options(self) -> str:
        return f"{self.sample_rate} {self.pieces}" if self._splits else f"{self.sample_rate}"

    @cached_property
    def fingerprint(self) -> str:
        return content_digest(self._files, self._options)

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        return (former_digest(self._files, self._options),)


def sound_faults(files: Sequence[Any]) -> list[str | None]:
    """For each file, the reason why it cannot be used, or None.

    Args:
        files: Path or bytes of each file; None if missing.
    """
    return in_threads(_fault, files, label="checking audio")


def _fault(file: Path | bytes | None) -> str | None:
    if file is None:
        return "missing"
    header = header_or_reason(file)
    return header if isinstance(header, str) else None
