"""A folder of audio files."""

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
from nearfar.data._thread_pool import in_threads
from nearfar.data.sequences._sequence_source import cut
from nearfar.data.sequences._sound_decoding import SoundHeader
from nearfar.data.sequences._sound_files import NUMBER_SIZE, SoundFileSource, header_or_reason

__all__ = ["SoundFolder"]

MEMORY = 256 << 20


@final
class SoundFolder(SoundFileSource, Folder):
    """All audio files in a folder and its subfolders, sorted by path.

    WAV, FLAC, OGG, Opus, MP3 and AIFF, of any sampling rate and length. Channels are averaged; if
    they cancel out, the loudest is used. Files are resampled to a common rate, and long ones split
    into segments. Headers are read at opening. If all audio fits in `memory` it is also decoded
    once, at opening; otherwise in threads on every read, and cached until `memory` is used up.

    Files that are unreadable, shorter than 0.05 s or contain NaN are skipped and counted in
    :attr:`notes`. Damage that is only found on reading, in a set larger than `memory`, is replaced
    by silence and noted, so that sample indices, and thereby runs, do not change.

    Args:
        folder: Folder, searched recursively, or a single file.
        name: Short name; that of the folder by default.
        sample_rate: Sampling rate in Hz; by default the most common rate of the files.
        seconds: Length in seconds of the segments that longer files are split into.
        memory: Memory limit for decoded audio, in bytes.

    Raises:
        FileNotFoundError: The folder does not exist.
        ImportError: The decoding library is not installed.
        ValueError: No usable file, or more than half of the files unusable.
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
        self._files = FileList(folder, SOUND_ENDINGS, noun="audio files")
        self.folder = self._files.folder
        self.name = name or (folder.stem if folder.is_file() else folder.resolve().name)
        found = in_threads(self._header, self._files.names, label="reading headers")
        self._headers = [header for header in found if isinstance(header, SoundHeader)]
        self._drop_bad(found)
        self.sample_rate = sample_rate or self.commonest_rate()
        self._piece = max(1, round(seconds * self.sample_rate))
        self._cut()
        if sum(self.frames()) * NUMBER_SIZE <= memory:
            self._decode_all()

    def file(self, row: int) -> Path:
        return self.folder / self._files.names[row]

    def file_name(self, row: int) -> str:
        return self._files.identify(row)

    def identify(self, sample: int) -> str:
        row, start, stop = self.pieces[sample]
        name = self._files.identify(row)
        if start == 0 and stop == self._headers[row].frames_at(self.sample_rate):
            return name
        return f"{name} {start / self.sample_rate:.1f}-{stop / self.sample_rate:.1f} s"

    @property
    def notes(self) -> tuple[str, ...]:
        notes = self._files.notes() + self.conversions()
        if len(self) > len(self._headers):
            long = len({row for row, start, _ in self.pieces if start})
            notes.append(f"{counted(long, 'long file')} split: {len(self):,} segments in total")
        notes += self._files.skipped()
        if self.damaged:
            damaged = [(self.identify(i), why) for i, why in sorted(self.damaged.items())]
            notes.append(
                f"{counted(len(damaged), 'damaged segment')} set to silence: {list_bad(damaged)}"
            )
        return tuple(notes)

    @cached_property
    def fingerprint(self) -> str:
        return self._files.fingerprint(f"{self.sample_rate} {self.pieces}")

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        return (self._files.size_fingerprint(f"{self.sample_rate} {self.pieces}"),)

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
        """Decode all segments; files with a damaged segment are dropped."""
        sounds = in_threads(self.decode, range(len(self.pieces)), label="decoding audio")
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
        for position, sound in self._kept.items():
            self.hear(position, sound)

    def _drop_bad(self, results: Sequence[object]) -> None:
        good = self._files.drop(results)
        if len(self._headers) > len(self._files.names):
            self._headers = list(compress(self._headers, good))
