"""Recordings and series in memory: lists of files, bytes or waveforms, and datasets of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch.utils.data import Dataset

from nearfar.data._array_entries import RATES
from nearfar.data._file_list import check_kept, list_bad
from nearfar.data._files import (
    SOUND_ENDINGS,
    SOUND_SIGNATURES,
    UNREAD_SOUNDS,
    counted,
    printable,
)
from nearfar.data._hub_datasets import feature_columns
from nearfar.data._omissions import Omission
from nearfar.data._specs import array_of
from nearfar.data.sequences._sequence_arrays import SequenceArray, as_sound
from nearfar.data.sequences._sequence_source import SequenceSource
from nearfar.data.sequences._sound_blocks import ChannelEnergy
from nearfar.data.sequences._sound_files import SoundFiles, sound_faults

__all__ = ["holds_recordings", "is_recordings", "open_recordings"]

WAVES = ("audio", "waveform", "array", "wave")


def is_recordings(spec: Any) -> bool:
    """Whether an object is a list or a dataset that :func:`open_recordings` opens."""
    return isinstance(spec, (list, tuple, Dataset)) or bool(feature_columns(spec, "Audio"))


def holds_recordings(spec: Any) -> bool:
    """Whether a list or dataset has audio files, or waveforms with sampling rates."""
    is_list = isinstance(spec, (list, tuple))
    if not (is_list or isinstance(spec, Dataset)) or not hasattr(spec, "__len__") or not len(spec):
        return False
    endings = (*SOUND_ENDINGS, *UNREAD_SOUNDS)
    if is_list and all(isinstance(each, (str, Path)) for each in spec):
        return all(str(each).lower().endswith(endings) for each in spec)
    first, rate = _first(spec[0])
    if isinstance(first, bytes):
        return first.startswith(SOUND_SIGNATURES) or first[8:12] == b"WAVE"
    if isinstance(first, (str, Path)):
        return str(first).lower().endswith(endings)
    return rate is not None and getattr(first, "ndim", 0) in (1, 2)


def open_recordings(
    spec: Any, *, sample_rate: int | None, seconds: float, **units: Any
) -> SequenceSource:
    """Open a list or a dataset of recordings or series.

    Args:
        spec: A Hugging Face dataset with a column of audio; or a list or a PyTorch dataset of
            paths, bytes of audio files, or arrays of time or channels×time, also as tuples of
            which the first entry is the recording and a second whole number above 999 its sampling
            rate in Hz.
        sample_rate: Sampling rate in Hz that audio is resampled to; that of arrays without one.
        seconds: Length in seconds of the segments that longer audio is split into.
        units: Center and scale of :class:`SequenceArray`.

    Raises:
        TypeError: Entries of another type, or of several types.
        ValueError: Unusable data; the message gives the reason.
    """
    for column in feature_columns(spec, "Audio")[:1]:
        if not hasattr(spec, "__len__"):
            raise TypeError(
                f"a dataset must have a length, got {type(spec).__name__}: load it without"
                " streaming"
            )
        features = spec.features
        undecoded = type(features[column])(decode=False)
        return _of_files(_Rows(spec.cast_column(column, undecoded), column), sample_rate, seconds)
    if not hasattr(spec, "__len__"):
        raise TypeError(f"a dataset must have a length, got {type(spec).__name__}")
    count = len(spec)
    if not count:
        raise ValueError("sequences must not be empty, got a list without entries")
    items = [_first(spec[row]) for row in range(count)]
    values, rates = [value for value, _ in items], {rate for _, rate in items}
    if all(isinstance(value, (str, Path, bytes)) for value in values):
        files = [Path(value) if isinstance(value, str) else value for value in values]
        return _of_files(files, sample_rate, seconds)
    if not all(isinstance(value, (np.ndarray, torch.Tensor, list)) for value in values):
        kinds = ", ".join(sorted({type(value).__name__ for value in values}))
        raise TypeError(
            f"sequences in a list must all be paths, bytes of audio files or arrays, got {kinds}"
        )
    types = {array_of(v).dtype for v in values if not isinstance(v, list)}
    if len(types) > 1 and any(each.kind in "iu" for each in types):
        listed = ", ".join(sorted(map(str, types)))
        raise TypeError(f"arrays in a list must have one type of numbers, got {listed}")
    if len(rates) > 1:
        listed = ", ".join(sorted(map(str, rates)))
        raise ValueError(f"arrays in a list must have one sampling rate, got {listed}")
    return _of_arrays(values, rates.pop(), sample_rate, seconds, units)


@final
class _Rows(Sequence[Path | bytes]):
    """Path or bytes of the audio in each row of a dataset, read on access."""

    def __init__(self, dataset: Any, column: str) -> None:
        self._dataset, self._column = dataset, column

    def __len__(self) -> int:
        return len(self._dataset)

    def __getitem__(self, row: Any) -> Any:
        cell = self._dataset[int(row)][self._column] or {}
        content = cell.get("bytes") or cell.get("path") or b""
        return Path(content) if isinstance(content, str) else content

    def __iter__(self) -> Iterator[Path | bytes]:
        return (self[row] for row in range(len(self)))


@final
class _Selected(Sequence[Path | bytes]):
    """Some entries of a sequence."""

    def __init__(self, files: Sequence[Path | bytes], rows: Sequence[int]) -> None:
        self._files, self._rows = files, rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, position: Any) -> Any:
        return self._files[self._rows[position]]


def _of_files(
    files: Sequence[Path | bytes], sample_rate: int | None, seconds: float
) -> SequenceSource:
    faults = sound_faults(files)
    bad = [(_called(files[row], row), why) for row, why in enumerate(faults) if why is not None]
    kept = [row for row, why in enumerate(faults) if why is None]
    check_kept(bad, kept=len(kept), where="the list", noun="files", samples="recordings")
    skipped = Omission(f"{len(bad):,} of {len(files):,} files skipped: {list_bad(bad)}")
    notes = (skipped,) if bad else ()
    return SoundFiles(
        _Selected(files, kept),
        name="recordings",
        rows=np.array(kept, dtype=np.int64),
        sample_rate=sample_rate,
        seconds=seconds,
        notes=notes,
    )


def _called(file: Path | bytes, row: int) -> str:
    return printable(file.name) if isinstance(file, Path) else f"row {row}"


def _of_arrays(
    values: Sequence[Any],
    rate: int | None,
    sample_rate: int | None,
    seconds: float,
    units: dict[str, Any],
) -> SequenceSource:
    waves = [_wave(value, row) for row, value in enumerate(values)]
    notes: tuple[str, ...] = ()
    if rate is not None or sample_rate is not None:
        several = sum(wave.shape[1] > 1 for wave in waves)
        notes = (f"{counted(several, 'recording')} with several channels: averaged",)[:several]
        waves = [_one_channel(wave) for wave in waves] if several else waves
    channels = {wave.shape[1] for wave in waves}
    if len(channels) > 1:
        raise ValueError(f"series in a list must have one number of channels, got {channels}")
    return SequenceArray(
        np.concatenate(waves),
        offsets=np.cumsum([0, *map(len, waves)]),
        name="series" if rate is None and sample_rate is None else "recordings",
        source_rate=rate,
        sample_rate=sample_rate,
        seconds=seconds,
        notes=notes,
        **units,
    )


def _one_channel(wave: NDArray[Any]) -> NDArray[Any]:
    """One channel of time×channels, chosen as in audio files."""
    energy = ChannelEnergy()
    sound = as_sound(wave).astype(np.float64)
    energy.add(sound)
    chosen = energy.channel()
    mean = sound.mean(axis=1, keepdims=True) if chosen is None else sound[:, [chosen]]
    return mean.astype(np.float32)


def _wave(value: Any, row: int) -> NDArray[Any]:
    """Time×channels."""
    array = np.asarray(value) if isinstance(value, list) else array_of(value)
    if array.ndim not in (1, 2) or array.dtype.kind not in "biuf":
        raise TypeError(
            f"a sequence must be numbers of time or channels×time, got {array.dtype} of shape"
            f" {array.shape} in row {row}"
        )
    return array[:, None] if array.ndim == 1 else array.T


def _first(item: Any) -> tuple[Any, int | None]:
    """The recording of an entry, and its sampling rate if it has one."""
    if isinstance(item, dict):
        wave = next((item[key] for key in WAVES if key in item), item)
        rate = next((item[key] for key in RATES if key in item), None)
        return _first(wave) if isinstance(wave, dict) and wave is not item else (wave, rate)
    if not isinstance(item, tuple) or not item:
        return item, None
    rate = item[1] if len(item) > 1 else None
    is_rate = isinstance(rate, int) and not isinstance(rate, bool) and rate >= 1_000
    return item[0], rate if is_rate else None
