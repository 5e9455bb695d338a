"""Read audio files block by block, so that no header decides how much memory is needed."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = ["BadSound", "ChannelEnergy", "missing_library", "open_sound", "read_blocks"]

BLOCK = 1 << 16  # frames
SAMPLED = 8  # blocks of a file
SAMPLED_BLOCK = 1 << 12  # frames
CANCELED = 0.01  # energy of the mean relative to the loudest channel's: -20 dB


class BadSound(Exception):  # noqa: N818  (a finding about a file, caught within this package)
    """A file is not readable audio; the message is the reason."""


@contextmanager
def open_sound(file: Path | bytes) -> Iterator[Any]:
    """An open audio file; what is wrong with it is raised as :class:`BadSound`.

    Args:
        file: Path or content of the file.

    Raises:
        BadSound: The file is damaged, or not audio of a supported format.
        ImportError: The decoding library is not installed.
    """
    try:
        import soundfile
    except ImportError:
        raise missing_library("soundfile") from None
    try:
        readable = io.BytesIO(file) if isinstance(file, bytes) else file
        with soundfile.SoundFile(readable) as sound:
            sound.seekable = lambda: False  # a seek after each block fails without a length
            yield sound
    except (RuntimeError, TypeError, ValueError, OverflowError, MemoryError, EOFError) as error:
        raise BadSound(_reason(error)) from None


def read_blocks(sound: Any, *, most: int | None = None) -> Iterator[NDArray[np.float64]]:
    """The frames from the current position to the end, a block at a time, frames×channels.

    Args:
        sound: An open audio file.
        most: Maximum number of frames.
    """
    left = BLOCK if most is None else most
    while left > 0:
        block = np.empty((min(BLOCK, left), sound.channels))
        block = sound.read(out=block)
        if not len(block):
            return
        left -= len(block) if most is not None else 0
        yield block


def missing_library(library: str) -> ImportError:
    """The error for a missing optional library."""
    return ImportError(f"audio files need {library}: pip install 'nearfar[audio]'")


@final
class ChannelEnergy:
    """Energy of each channel of a file and of their mean, to find channels that cancel out.

    Two channels of opposite phase (a miswired microphone, a balanced line) have the mean 0.
    """

    def __init__(self) -> None:
        self._channels: NDArray[np.float64] = np.zeros(0)
        self._mean = 0.0

    def add(self, block: NDArray[np.float64]) -> None:
        """Add the energy of frames×channels."""
        finite = block[np.isfinite(block).all(axis=1)]
        energy = np.square(finite).sum(axis=0)
        self._channels = energy if not len(self._channels) else self._channels + energy
        self._mean += float(np.square(finite.mean(axis=1)).sum())

    def sample(self, sound: Any, frames: int) -> None:
        """Add a few blocks that are spread over a file."""
        starts = np.linspace(0, max(0, frames - SAMPLED_BLOCK), SAMPLED).astype(int)
        for start in dict.fromkeys(starts.tolist()):
            sound.seek(start)
            for block in read_blocks(sound, most=SAMPLED_BLOCK):
                self.add(block)

    def channel(self) -> int | None:
        """The loudest channel if the mean is nearly silent in comparison; otherwise None.

        Of equally loud channels it is the first, whatever the rounding of their energies.
        """
        loudest = float(self._channels.max(initial=0.0))
        if len(self._channels) < 2 or self._mean >= CANCELED * loudest:
            return None
        return int(np.argmax(self._channels >= (1 - 1e-6) * loudest))


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "too large for the memory"
    text = str(getattr(error, "error_string", "")) or str(error)
    return text.splitlines()[0].strip().rstrip(".") if text else type(error).__name__
