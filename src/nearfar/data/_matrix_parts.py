"""Folders whose files are the parts of one matrix."""

from __future__ import annotations

import re
from pathlib import Path

from nearfar.data._files import file_ending

__all__ = ["PART_ENDINGS", "part_files"]

PART_ENDINGS = (".npy", ".npz", ".parquet", ".safetensors")
"""Extensions of files that can be parts."""
_OF_RUNS = ("recipe.toml", "run.json", "encoder.json")


def part_files(folder: Path) -> tuple[Path, ...]:
    """The files in a folder that can be parts of a matrix, by name; numbers in names are numbers.

    A run has none, nor has a folder in subfolders.
    """
    if not folder.is_dir() or any((folder / name).is_file() for name in _OF_RUNS):
        return ()
    files = [
        path
        for path in folder.iterdir()
        if file_ending(path) in PART_ENDINGS and not path.name.startswith(".") and path.is_file()
    ]
    return tuple(sorted(files, key=lambda path: (_numbered(path.name), path.name)))


def _numbered(name: str) -> list[tuple[int, str]]:
    """A name with its numbers in their order.

    >>> sorted(["part-10.npy", "part-9.npy"], key=_numbered)
    ['part-9.npy', 'part-10.npy']
    """
    pieces = re.split(r"(\d+)", name)
    return [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces]
