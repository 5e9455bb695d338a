"""Sounds for tests."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray


def tone(pitch: float, *, seconds: float = 0.5, rate: int = 8_000) -> NDArray[np.float32]:
    """A sine of half the largest amplitude."""
    time = np.arange(round(seconds * rate)) / rate
    return (0.5 * np.sin(2 * np.pi * pitch * time)).astype(np.float32)


def save(path: Path, wave: NDArray[np.float32], *, rate: int = 8_000, **options: str) -> None:
    """A sound file of the ending's format."""
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, wave, rate, **options)
