"""Sequences in one array, in memory or memory-mapped from a file."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.checks import check_integer, check_positive
from nearfar.data._file_list import check_kept, list_bad
from nearfar.data._files import counted
from nearfar.data._omissions import Omission
from nearfar.data._source import Batch, check_positions
from nearfar.data.sequences._sequence_source import SequenceSource, cut, resampling_note, shortest
from nearfar.data.sequences._series_units import find_units
from nearfar.data.sequences._sound_decoding import LOUDEST, resample
from nearfar.inputs import Sequences

__all__ = ["SequenceArray", "as_sound"]

MOST_CHANNELS = 1_024
LARGEST = 1e38  # of float32, with some room
SCALES = {"int8": 2**7, "int16": 2**15, "int32": 2**31}


@final
class SequenceArray(SequenceSource):
    """Sequences of equal length, N×time or N×channels×time, or of any length with `offsets`.

    Audio of an integer type is scaled to [-1, 1] by the range of the type, and so is int16 without
    a sampling rate; other values are unchanged. A row that ends in NaN in all channels is a shorter
    sequence, as archives of time series use NaN for padding. A row with NaN or infinity elsewhere,
    or a sequence that is too short (under 8 steps of a series or 0.05 s of audio), is skipped and
    counted in :attr:`notes`.

    Args:
        values: Array of the sequences; of a memory map only the requested rows are read.
        offsets: Start of each sequence in `values` (time, or time×channels), and the end of the
            last.
        name: Short name.
        source_rate: Sampling rate of `values` in Hz, if they are audio.
        sample_rate: Sampling rate in Hz that audio is resampled to; `source_rate` by default.
        seconds: Length in seconds of the segments that longer audio is split into.
        center: Number that is subtracted from each channel of a series before rounding to single
            precision; by default chosen from the values (:attr:`SequenceSource.center`).
        scale: Number that each channel of a series is divided by after that.
        notes: Notes on the array for the user.
        names: Name of each sequence; by default its row.

    Raises:
        TypeError: The array contains objects, text or complex numbers.
        ValueError: Wrong number of axes, invalid offsets, or more than half of the rows unusable.

    Example:
        >>> source = SequenceArray(np.zeros((5, 3, 100), np.float32), name="still")
        >>> source.describe(), tuple(source.read([0, 4]).inputs.values.shape)
        ('5 series of 100 steps in 3 channels', (2, 3, 100))
    """

    def __init__(
        self,
        values: NDArray[Any],
        *,
        name: str,
        offsets: NDArray[Any] | None = None,
        source_rate: int | None = None,
        sample_rate: int | None = None,
        seconds: float = 10.0,
        center: tuple[float, ...] | None = None,
        scale: tuple[float, ...] | None = None,
        notes: tuple[str, ...] = (),
        names: Sequence[str] | None = None,
    ) -> None:
        _check_kind(values)
        _check_shape(values, offsets)
        check_positive(seconds=seconds)
        for rate in (source_rate, sample_rate):
            if rate is not None:
                check_integer(at_least=1, sample_rate=rate)
        self.name, self._names = name, names
        self._values, self._offsets, self._notes = values, offsets, notes
        self._source_rate = source_rate or sample_rate
        self.sample_rate = sample_rate or source_rate
        if offsets is None:
            self.channels = values.shape[1] if values.ndim == 3 else 1
        else:
            self.channels = values.shape[1] if values.ndim == 2 else 1
        is_sound = self.sample_rate is not None
        kind = values.dtype.name
        former = kind == "int16" and scale == ()  # runs of before the units were stored
        self._scale = SCALES.get(kind, 1) if is_sound or former else 1
        self._bad: list[tuple[str, str]] = []
        self._shortened = 0
        self._pieces = self._find_pieces(seconds)
        self.rows = torch.from_numpy(self._pieces[:, 0].copy())
        self._set_units(center, scale)
        steps = self._pieces[:, 2] - self._pieces[:, 1]
        self.lengths = torch.tensor([self._resampled_length(int(n)) for n in steps])

    def __len__(self) -> int:
        return len(self._pieces)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        sequences = []
        for row, start, stop in self._pieces[index.numpy()].tolist():
            wave = self._scaled(self._row(row)[:, start:stop])
            if self._source_rate and self.sample_rate and self._source_rate != self.sample_rate:
                rates = {"source_rate": self._source_rate, "sample_rate": self.sample_rate}
                steps = self._resampled_length(stop - start)
                wave = np.ascontiguousarray(resample(wave.T, **rates, steps=steps).T)
            sequences.append(torch.from_numpy(wave))
        if not sequences:
            return Batch(Sequences(torch.zeros(0, self.channels, 0)), index)
        return Batch(Sequences.of(sequences), index)

    def identify(self, sample: int) -> str:
        row, start, stop = self._pieces[sample].tolist()
        if self._source_rate is None or (self._pieces[:, 0] == row).sum() == 1:
            return self._called(row)
        return (
            f"{self._called(row)} {start / self._source_rate:.1f}-{stop / self._source_rate:.1f} s"
        )

    def _called(self, row: int) -> str:
        return f"row {row}" if self._names is None else self._names[row]

    @property
    def in_memory(self) -> bool:
        return True

    @property
    def notes(self) -> tuple[str, ...]:
        notes = list(self._notes)
        by = self._scale if self.sample_rate is None else 1
        if by > 1 or (self._is_short and set(self.scale) == {float(SCALES["int16"])}):
            notes.append(f"int16 divided by {SCALES['int16']:,}")
        elif self._in_units:
            pairs = zip(self.center[:5], self.scale[:5], strict=True)
            shown = ", ".join(f"{center:.6g} by {scale:.3g}" for center, scale in pairs)
            notes.append(f"channels centred and divided before rounding to float32: {shown}")
        if self._source_rate is not None and self.sample_rate is not None:
            rates = [self._source_rate] * len(self)
            note = resampling_note(rates, sample_rate=self.sample_rate)
            notes += [note] if note else []
        cut_up = len(self) - len(np.unique(self._pieces[:, 0]))
        if cut_up:
            notes.append(f"long recordings split, which adds {counted(cut_up, 'segment')}")
        longest = int(self.lengths.max())
        if self.channels > longest:
            notes.append(
                f"more channels, {self.channels:,}, than time steps, {longest:,}: if time is the"
                " first axis of a sequence, swap the two"
            )
        if self._offsets is not None:
            used = int(self._offsets[-1]) - int(self._offsets[0])
            if used < len(self._values):
                notes.append(
                    f"{counted(len(self._values) - used, 'time step')} outside the offsets left out"
                )
        if self._shortened:
            notes.append(f"{counted(self._shortened, 'row')} end in NaN: treated as shorter")
        if self._bad:
            total = self._count()
            skipped = f"{len(self._bad):,} of {total:,} rows skipped: {list_bad(self._bad)}"
            notes.append(Omission(skipped))
        return tuple(notes)

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=8)
        axes = f"{self._values.shape} {self._values.dtype.str} {self._source_rate}"
        digest.update(f"{axes} {self.sample_rate}".encode())
        digest.update(np.ascontiguousarray(self._pieces).tobytes())
        for row in np.unique(np.linspace(0, self._count() - 1, 256).astype(np.int64)).tolist():
            digest.update(np.ascontiguousarray(self._row(row)).tobytes())
        return digest.hexdigest()

    @property
    def _is_short(self) -> bool:
        return self._values.dtype.name == "int16" and self.sample_rate is None

    def _count(self) -> int:
        return len(self._values) if self._offsets is None else len(self._offsets) - 1

    def _row(self, row: int) -> NDArray[Any]:
        """Channels × time, as stored."""
        if self._offsets is None:
            held: NDArray[Any] = self._values[row]
            return held if held.ndim == 2 else held[None]
        held = self._values[int(self._offsets[row]) : int(self._offsets[row + 1])]
        return held.T if held.ndim == 2 else held[None]

    def _set_units(self, center: tuple[float, ...] | None, scale: tuple[float, ...] | None) -> None:
        """Set or choose center and scale of each channel; audio has neither."""
        wide = self._values.dtype.itemsize > 2 and self.sample_rate is None
        if center is None and scale is None and self._is_short:
            scale = (float(SCALES["int16"]),) * self.channels
        if center is None and scale is None and wide:
            chosen = np.unique(np.linspace(0, len(self._pieces) - 1, 256).astype(int))
            spans = self._pieces[chosen].tolist()
            rows = (self._row(row)[:, start:stop] for row, start, stop in spans)
            center, scale = find_units(rows, self.channels)
        none, one = (0.0,) * self.channels, (1.0,) * self.channels
        fits = [given and len(given) == self.channels for given in (center, scale)]
        self.center = center if center and fits[0] else none
        self.scale = scale if scale and fits[1] else one
        self._in_units = (self.center, self.scale) != (none, one)

    def _scaled(self, wave: NDArray[Any]) -> NDArray[np.float32]:
        if self._in_units:
            centered = wave.astype(np.float64) - np.array(self.center)[:, None]
            scaled = centered / np.array(self.scale)[:, None]
            return np.array(scaled, dtype=np.float32, order="C")
        if self._values.dtype == np.uint8 and self.sample_rate is not None:
            return as_sound(wave)
        return np.array(wave, dtype=np.float32, order="C") / np.float32(self._scale)

    def _find_pieces(self, seconds: float) -> NDArray[np.int64]:
        """Row, first and last step of each segment, in steps of the stored array."""
        rate = self._source_rate
        piece = None if rate is None else max(1, round(seconds * rate))
        least = shortest(rate)
        pieces: list[tuple[int, int, int]] = []
        kept = 0
        for row in range(self._count()):
            length, why = self._usable(self._row(row), least)
            if why is not None:
                self._bad.append((self._called(row), why))
                continue
            kept += 1
            spans = [(0, length)] if piece is None else cut(length, piece=piece)
            pieces += [(row, start, stop) for start, stop in spans]
        check_kept(self._bad, kept=kept, where=self.name, noun="rows", samples="sequences")
        return np.array(pieces, dtype=np.int64)

    def _usable(self, wave: NDArray[Any], least: int) -> tuple[int, str | None]:
        """Length of a row, and the reason why it cannot be used, if any."""
        length = wave.shape[1]
        if wave.dtype.kind == "f" and length:
            missing = np.isnan(wave).all(axis=0)
            if missing[-1]:
                length = int(len(missing) - np.argmin(missing[::-1])) if not missing.all() else 0
                self._shortened += length > 0
            if not np.isfinite(wave[:, :length]).all():
                return length, "NaN or infinity"
            most = LARGEST if self.sample_rate is None else LOUDEST
            if length and np.abs(wave[:, :length]).max() > most:
                return length, f"numbers above {most:.0e}".replace("+", "")
        if length == 0:
            return 0, "empty"
        swapped = f" of {len(wave):,} channels" if len(wave) > length else ""
        return length, f"{length} steps{swapped}, too short" if length < least else None

    def _resampled_length(self, steps: int) -> int:
        if self._source_rate is None or self.sample_rate is None:
            return steps
        return round(steps * self.sample_rate / self._source_rate)


def as_sound(wave: NDArray[Any]) -> NDArray[np.float32]:
    """Audio of an integer type, scaled to [-1, 1] by the range of the type; floats unchanged."""
    if wave.dtype == np.uint8:
        return (wave.astype(np.float32) - 128) / np.float32(128)  # the convention of WAV files
    return np.array(wave, dtype=np.float32) / np.float32(SCALES.get(wave.dtype.name, 1))


def _check_kind(values: NDArray[Any]) -> None:
    if values.dtype.hasobject:
        raise TypeError("sequences must be numbers, got an array of objects (never unpickled)")
    if values.dtype.kind not in "biuf":
        raise TypeError(f"sequences must be real numbers, got {values.dtype}")


def _check_shape(values: NDArray[Any], offsets: NDArray[Any] | None) -> None:
    axes = "×".join(map(str, values.shape)) or "()"
    if offsets is None:
        if values.ndim not in (2, 3):
            raise ValueError(f"sequences must be N×time or N×channels×time, got shape {axes}")
        if 0 in values.shape:
            raise ValueError(f"sequences must not be empty, got an array of shape {axes}")
        if values.ndim == 3 and values.shape[1] > max(MOST_CHANNELS, values.shape[2]):
            raise ValueError(
                f"sequences must be N×channels×time, got shape {axes}: is time the middle axis?"
            )
        return
    if values.ndim not in (1, 2):
        raise ValueError(f"samples must be time or time×channels, got shape {axes}")
    if offsets.ndim != 1 or len(offsets) < 2 or offsets.dtype.kind not in "iu":
        raise ValueError(
            "offsets must be integers, one more than the number of sequences, got"
            f" {offsets.dtype} of shape {offsets.shape}"
        )
    steps = np.diff(offsets.astype(np.int64))
    if int(offsets[0]) < 0 or (steps < 0).any() or int(offsets[-1]) > len(values):
        raise ValueError(
            f"offsets must increase from 0 to at most the number of samples, {len(values):,}, got"
            f" {int(offsets[0])} to {int(offsets[-1]):,}"
            + (", which decrease in between" if (steps < 0).any() else "")
        )
