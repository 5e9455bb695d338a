"""Decode an audio file to a waveform."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["BadSound", "SoundHeader", "decode_sound", "read_sound_header", "resample"]


class BadSound(Exception):  # noqa: N818  (a finding about a file, caught within this package)
    """A file is not readable audio; the message is the reason."""


@dataclass(frozen=True)
class SoundHeader:
    """Length and format of an audio file, from its header.

    Attributes:
        sample_rate: Sampling rate in Hz.
        frames: Number of samples per channel.
        channels: Number of channels.
    """

    sample_rate: int
    frames: int
    channels: int

    def frames_at(self, sample_rate: int) -> int:
        """Number of samples per channel after resampling."""
        return round(self.frames * sample_rate / self.sample_rate)


def read_sound_header(file: Path | bytes) -> SoundHeader:
    """Read length, sampling rate and channels of an audio file without decoding it.

    Args:
        file: Path or content of the file.

    Raises:
        BadSound: Not audio of a supported format, or empty.
        ImportError: The decoding library is not installed.
    """
    library = _library()
    if isinstance(file, Path) and not file.is_file():  # reading a pipe would block
        raise BadSound("not a regular file")
    if (file.stat().st_size if isinstance(file, Path) else len(file)) == 0:
        raise BadSound("empty")
    try:
        with library.SoundFile(_readable(file)) as sound:
            header = SoundHeader(int(sound.samplerate), int(sound.frames), int(sound.channels))
    except (RuntimeError, TypeError) as error:
        raise BadSound(_reason(error)) from None
    if header.frames < 1 or header.sample_rate < 1:
        raise BadSound("contains no audio")
    return header


def decode_sound(
    file: Path | bytes, header: SoundHeader, *, sample_rate: int, start: int, stop: int
) -> Float32[Tensor, "1 time"]:
    """Decode a segment of an audio file, averaged over channels and resampled.

    Args:
        file: Path or content of the file.
        header: Header of the file.
        sample_rate: Sampling rate of the result in Hz.
        start: Start of the segment, in samples at `sample_rate`.
        stop: End of the segment (exclusive), in samples at `sample_rate`.

    Raises:
        BadSound: The file is damaged, or contains NaN or infinity.
    """
    library = _library()
    scale = header.sample_rate / sample_rate
    first, last = round(start * scale), min(header.frames, round(stop * scale))
    try:
        frames, _ = library.read(
            _readable(file), start=first, stop=last, dtype="float32", always_2d=True
        )
    except RuntimeError as error:
        raise BadSound(_reason(error)) from None
    if len(frames) < last - first:
        raise BadSound(f"ends after {first + len(frames):,} of {header.frames:,} samples")
    wave = frames.mean(axis=1, dtype=np.float32) if frames.shape[1] > 1 else frames[:, 0]
    if not np.isfinite(wave).all():
        raise BadSound("contains NaN or infinity")
    rates = {"source_rate": header.sample_rate, "sample_rate": sample_rate}
    return torch.from_numpy(resample(wave, **rates, steps=stop - start))[None]


def resample(
    wave: NDArray[np.float32], *, source_rate: int, sample_rate: int, steps: int
) -> NDArray[np.float32]:
    """Resample a waveform to another rate and exactly `steps` steps; time is the first axis."""
    if source_rate != sample_rate:
        try:
            import soxr
        except ImportError:
            raise _missing("soxr") from None
        wave = soxr.resample(wave, source_rate, sample_rate)
    if len(wave) == steps:
        return np.ascontiguousarray(wave)
    fitted = np.zeros((steps, *wave.shape[1:]), np.float32)  # rounded lengths can differ by one
    fitted[: len(wave)] = wave[:steps]
    return fitted


def _readable(file: Path | bytes) -> Path | io.BytesIO:
    return io.BytesIO(file) if isinstance(file, bytes) else file


def _library() -> Any:
    try:
        import soundfile
    except ImportError:
        raise _missing("soundfile") from None
    return soundfile


def _missing(library: str) -> ImportError:
    return ImportError(f"audio files need {library}: pip install 'nearfar[audio]'")


def _reason(error: Exception) -> str:
    text = str(getattr(error, "error_string", "")) or str(error)
    return text.splitlines()[0].strip().rstrip(".") if text else type(error).__name__
