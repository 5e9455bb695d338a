"""A folder of sound files."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import compress
from pathlib import Path
from typing import final

from torch import Tensor

from nearfar.checks import check_integer, check_positive
from nearfar.data._file_list import FileList, list_bad
from nearfar.data._files import SOUND_ENDINGS, counted
from nearfar.data._folder_parts import Folder
from nearfar.data._progress import in_threads
from nearfar.data.sequences._decoding import SoundHeader
from nearfar.data.sequences._files import NUMBER_SIZE, SoundFileSource, header_or_reason
from nearfar.data.sequences._source import cut

__all__ = ["SoundFolder"]

MEMORY = 256 << 20


@final
class SoundFolder(SoundFileSource, Folder):
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
        super().__init__(room=memory)
        self.folder = folder
        self._files = FileList(folder, SOUND_ENDINGS, noun="sounds")
        self.name = name or folder.resolve().name
        found = in_threads(self._header, self._files.names, label="looking at files")
        self._headers = [header for header in found if isinstance(header, SoundHeader)]
        self._drop_bad(found)
        self.sample_rate = sample_rate or self.commonest_rate()
        self._piece = max(1, round(seconds * self.sample_rate))
        self._cut()
        if sum(self.frames()) * NUMBER_SIZE <= memory:
            self._decode_all()

    def file(self, row: int) -> Path:
        return self.folder / self._files.names[row]

    def identify(self, sample: int) -> str:
        row, start, stop = self.pieces[sample]
        name = self._files.identify(row)
        if start == 0 and stop == self._headers[row].frames_at(self.sample_rate):
            return name
        return f"{name} {start / self.sample_rate:.1f}-{stop / self.sample_rate:.1f} s"

    @property
    def notes(self) -> tuple[str, ...]:
        notes = self._files.notes() + self.resampled()
        several = sum(header.channels > 1 for header in self._headers)
        if several:
            notes.append(f"{counted(several, 'file')} of several channels: their mean is taken")
        if len(self) > len(self._headers):
            long = len({row for row, start, _ in self.pieces if start})
            notes.append(f"{counted(long, 'long file')} cut: {len(self):,} pieces in all")
        notes += self._files.skipped()
        if self.damaged:
            damaged = [(self.identify(i), why) for i, why in sorted(self.damaged.items())]
            notes.append(
                f"{counted(len(damaged), 'damaged piece')} given as silence: {list_bad(damaged)}"
            )
        return tuple(notes)

    @cached_property
    def fingerprint(self) -> str:
        return self._files.fingerprint(f"{self.sample_rate} {self.pieces}")

    def paths(self) -> tuple[Path, ...]:
        return tuple(Path(self._files.names[row]) for row, _, _ in self.pieces)

    def _header(self, path: str) -> SoundHeader | str:
        return header_or_reason(self.folder / path)

    def _cut(self) -> None:
        self.set_pieces(
            (row, start, stop)
            for row, count in enumerate(self.frames())
            for start, stop in cut(count, piece=self._piece)
        )

    def _decode_all(self) -> None:
        """Decode every piece; a file with a damaged one is forgotten."""
        sounds = in_threads(self.decode, range(len(self.pieces)), label="decoding sounds")
        reasons: list[object] = [None] * len(self._headers)
        for (row, _, _), sound in zip(self.pieces, sounds, strict=True):
            reasons[row] = sound if isinstance(sound, str) else reasons[row]
        good = [
            sound
            for (row, _, _), sound in zip(self.pieces, sounds, strict=True)
            if reasons[row] is None
        ]
        self._drop_bad(reasons)
        self._cut()
        self._kept = {i: sound for i, sound in enumerate(good) if isinstance(sound, Tensor)}

    def _drop_bad(self, results: Sequence[object]) -> None:
        good = self._files.drop(results)
        if len(self._headers) > len(self._files.names):
            self._headers = list(compress(self._headers, good))
