"""Decode an audio file to a waveform."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._files import printable
from nearfar.data.sequences._sound_blocks import (
    BadSound,
    ChannelEnergy,
    is_truncated,
    missing_library,
    open_sound,
    read_blocks,
)

__all__ = ["LOUDEST", "BadSound", "SoundHeader", "decode_sound", "read_sound_header", "resample"]


LOUDEST = 1e15  # full scale is 1; sums of squares of more would overflow
FRAMES_PER_BYTE = 64  # a header that claims more than this compression is not believed


@dataclass(frozen=True)
class SoundHeader:
    """Length and format of an audio file.

    Attributes:
        sample_rate: Sampling rate in Hz.
        frames: Number of samples per channel.
        channels: Number of channels.
        is_counted: Whether the header does not contain the length, which was found by decoding.
        channel: Channel that stands for the file because the channels cancel out in their mean;
            None if channels are averaged.
        is_cut: Whether the file is shorter than its header states.
    """

    sample_rate: int
    frames: int
    channels: int
    is_counted: bool = False
    channel: int | None = None
    is_cut: bool = False

    def frames_at(self, sample_rate: int) -> int:
        """Number of samples per channel after resampling."""
        return round(self.frames * sample_rate / self.sample_rate)


def read_sound_header(file: Path | bytes) -> SoundHeader:
    """Read length, sampling rate and channels of an audio file.

    Only if the header has no plausible length is the file decoded, to count; of a file with several
    channels, a few blocks are decoded, to find channels that cancel out.

    Args:
        file: Path or content of the file.

    Raises:
        BadSound: Not audio of a supported format, damaged, or empty.
        ImportError: The decoding library is not installed.
    """
    if isinstance(file, Path) and not file.is_file():  # reading a pipe would block
        raise BadSound("not a regular file")
    size = file.stat().st_size if isinstance(file, Path) else len(file)
    if size == 0:
        raise BadSound("empty")
    energy = ChannelEnergy()
    with open_sound(file) as sound:
        rate, frames, channels = int(sound.samplerate), int(sound.frames), int(sound.channels)
        is_cut = is_truncated(sound)
        is_counted = frames > FRAMES_PER_BYTE * size
        if is_counted:
            frames = 0
            for block in read_blocks(sound):
                frames += len(block)
                energy.add(block)
        elif channels > 1:
            energy.sample(sound, frames)
    if frames < 1 or rate < 1:
        raise BadSound("contains no audio")
    return SoundHeader(rate, frames, channels, is_counted, energy.channel(), is_cut)


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
        FileNotFoundError: The file does not exist any more.
    """
    if isinstance(file, Path) and not file.exists():
        raise FileNotFoundError(f"no file {printable(str(file))}")
    scale = header.sample_rate / sample_rate
    first, last = round(start * scale), min(header.frames, round(stop * scale))
    with open_sound(file) as sound:
        at = 0 if header.is_counted else first  # without a length there is no seeking
        if at:
            sound.seek(at)
        parts = []
        for block in read_blocks(sound, most=last - at):
            parts.append(_one_channel(block[max(0, first - at) :], header.channel))
            at += len(block)
    if at < last:
        raise BadSound(f"ends after {at:,} of {header.frames:,} samples")
    wave = np.concatenate(parts) if parts else np.zeros(0)
    if not np.isfinite(wave).all():
        raise BadSound("contains NaN or infinity")
    if np.abs(wave).max(initial=0.0) > LOUDEST:
        raise BadSound("contains numbers above 1e15")
    rates = {"source_rate": header.sample_rate, "sample_rate": sample_rate}
    return torch.from_numpy(resample(wave, **rates, steps=stop - start).astype(np.float32))[None]


def resample(wave: NDArray[Any], *, source_rate: int, sample_rate: int, steps: int) -> NDArray[Any]:
    """Resample a waveform to another rate and exactly `steps` steps; time is the first axis."""
    if source_rate != sample_rate:
        try:
            import soxr
        except ImportError:
            raise missing_library("soxr") from None
        wave = soxr.resample(wave, source_rate, sample_rate)
    if len(wave) == steps:
        return np.ascontiguousarray(wave)
    fitted = np.zeros((steps, *wave.shape[1:]), wave.dtype)  # rounded lengths can differ by one
    fitted[: len(wave)] = wave[:steps]
    return fitted


def _one_channel(block: NDArray[np.float64], channel: int | None) -> NDArray[np.float64]:
    chosen: NDArray[np.float64] = block.mean(axis=1) if channel is None else block[:, channel]
    return chosen
