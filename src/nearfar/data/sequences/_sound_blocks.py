"""Read audio files block by block, so that no header decides how much memory is needed."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "BadSound",
    "ChannelEnergy",
    "is_truncated",
    "missing_library",
    "open_sound",
    "read_blocks",
]

BLOCK = 1 << 16  # frames
SAMPLED = 8  # blocks of a file
SAMPLED_BLOCK = 1 << 12  # frames
STREAMED = 0x7FFF0000  # bytes
LARGEST = 1e100  # squares of more would overflow
HEARD = 0.1  # energy of a block relative to the mean energy of the blocks
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


def is_truncated(sound: Any) -> bool:
    """Whether an open WAV or AIFF file has less audio than its header states.

    A size of 0 or near the largest possible number is that of a stream, not a statement.
    """
    found = re.search(r"^ *(?:data|SSND) : (\d+) \(should be (\d+)\)", sound.extra_info, re.M)
    return found is not None and int(found[2]) < int(found[1]) < STREAMED


def missing_library(library: str) -> ImportError:
    """The error for a missing optional library."""
    return ImportError(f"audio files need {library}: pip install 'nearfar[audio]'")


@final
class ChannelEnergy:
    """Energy of each channel of a file and of their mean, to find channels that cancel out.

    Two channels of opposite phase (a miswired microphone, a balanced line) have the mean 0, or a
    constant. Files in which they are so for a part of the time count too.
    """

    def __init__(self) -> None:
        self._blocks: list[tuple[NDArray[np.float64], float]] = []

    def add(self, block: NDArray[np.float64]) -> None:
        """Add the energy of frames×channels, about the mean of each channel."""
        for start in range(0, len(block), SAMPLED_BLOCK):
            part = block[start : start + SAMPLED_BLOCK]
            finite = part[np.isfinite(part).all(axis=1) & (np.abs(part) < LARGEST).all(axis=1)]
            if len(finite):
                moving = finite - finite.mean(axis=0)
                mean = float(np.square(moving.mean(axis=1)).sum())
                self._blocks.append((np.square(moving).sum(axis=0), mean))

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
        if not self._blocks or len(self._blocks[0][0]) < 2:
            return None
        energies = np.stack([energy for energy, _ in self._blocks])
        loudest, means = energies.max(axis=1), np.array([mean for _, mean in self._blocks])
        heard = loudest > HEARD * loudest.mean()
        if not (means < CANCELED * loudest)[heard].any():
            return None
        total = energies.sum(axis=0)
        return int(np.argmax(total >= (1 - 1e-6) * total.max()))


def _reason(error: Exception) -> str:
    if isinstance(error, MemoryError):
        return "too large for the memory"
    text = str(getattr(error, "error_string", "")) or str(error)
    return text.splitlines()[0].strip().rstrip(".") if text else type(error).__name__
