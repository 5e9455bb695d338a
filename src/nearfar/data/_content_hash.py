"""A hash of files' contents whose cost is bounded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np

__all__ = ["hash_contents"]

WHOLE = 64 << 20  # bytes of all files together, up to which every byte is read
MOST_FILES = 2_048  # of a larger set
BLOCK = 8 << 10  # bytes


def hash_contents(files: Sequence[Path | bytes]) -> bytes:
    """Hash of the sizes of all files and of their contents, 8 bytes.

    Up to 64 MB in up to 2,048 files, every byte is read. Of a larger set, the first, middle and
    last 8 kB of 2,048 files are read, evenly spaced in the given order, so that hashing a million
    files takes seconds. A change of a few bytes in a large set that keeps all sizes can therefore
    go unnoticed; a different version of the set cannot.

    Args:
        files: Path or content of each file.

    Raises:
        OSError: A file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=8)
    sizes = [len(file) if isinstance(file, bytes) else file.stat().st_size for file in files]
    digest.update(np.array(sizes, dtype="<i8").tobytes())
    is_small = sum(sizes) <= WHOLE and len(files) <= MOST_FILES
    chosen = np.unique(np.linspace(0, len(files) - 1, min(len(files), MOST_FILES)).astype(int))
    for position in chosen.tolist():
        file, size = files[position], sizes[position]
        digest.update(file if isinstance(file, bytes) else _read(file, size, whole=is_small))
    return digest.digest()


def _read(file: Path, size: int, *, whole: bool) -> bytes:
    with file.open("rb") as opened:
        if whole or size <= 3 * BLOCK:
            return opened.read(max(size, BLOCK))
        blocks = []
        for start in (0, (size - BLOCK) // 2, size - BLOCK):
            opened.seek(start, os.SEEK_SET)
            blocks.append(opened.read(BLOCK))
    return b"".join(blocks)
