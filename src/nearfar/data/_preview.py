"""What can be known of data without reading them: type, ending, header, names of files."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Any, final

import numpy as np

from nearfar.data._files import file_ending

__all__ = ["DataPreview"]

LOOKED_AT = 1_000  # files of a folder
READERS: Mapping[Any, Any] = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}


@final
class DataPreview:
    """A first look at what a user named as data; nothing is decoded, files are opened at most once.

    Args:
        spec: As of :func:`nearfar.data.open_source`, paths as :class:`pathlib.Path`.

    Attributes:
        spec: The same.

    Example:
        >>> DataPreview(Path("news.CSV.gz")).ending, DataPreview(np.zeros((5, 4))).axes
        ('.csv', 2)
    """

    def __init__(self, spec: Any) -> None:
        self.spec = spec

    @property
    def path(self) -> Path | None:
        """Where the data are; None for data in memory."""
        return self.spec if isinstance(self.spec, Path) else None

    @cached_property
    def is_folder(self) -> bool:
        """Whether the data are a folder."""
        return self.path is not None and self.path.is_dir()

    @cached_property
    def ending(self) -> str:
        """The ending of a file in lower case, that inside of ``.gz``; empty for all else."""
        return "" if self.path is None or self.is_folder else file_ending(self.path)

    @cached_property
    def axes(self) -> int | None:
        """Axes of an array or tensor in memory or in a ``.npy`` file; None for all else."""
        if self.path is None:
            axes = getattr(self.spec, "ndim", None)
            return axes if isinstance(axes, int) else None
        if self.ending != ".npy":
            return None
        try:
            return int(np.load(self.path, mmap_mode="r", allow_pickle=False).ndim)
        except (OSError, ValueError, EOFError):
            return None  # opening reports what is wrong

    @cached_property
    def arrays(self) -> Mapping[str, tuple[int, ...]]:
        """Name and shape of each array of a ``.npz`` file; empty for all else."""
        if self.path is None or self.ending != ".npz":
            return {}
        try:
            with zipfile.ZipFile(self.path) as file:
                return {name.removesuffix(".npy"): _shape(file, name) for name in file.namelist()}
        except (OSError, zipfile.BadZipFile):
            return {}  # opening reports what is wrong

    @cached_property
    def file_names(self) -> tuple[str, ...]:
        """Names of the first 1,000 files of a folder and its subfolders, in lower case."""
        if self.path is None or not self.is_folder:
            return ()
        walk = os.walk(self.path, followlinks=True)
        names = (name.lower() for _, _, files in walk for name in files)
        return tuple(islice(names, LOOKED_AT))

    def count_files(self, endings: tuple[str, ...]) -> int:
        """How many of :attr:`file_names` have one of these endings."""
        return sum(name.endswith(endings) for name in self.file_names)


def _shape(file: zipfile.ZipFile, name: str) -> tuple[int, ...]:
    with file.open(name) as entry:
        try:
            shape: tuple[int, ...] = READERS[np.lib.format.read_magic(entry)](entry)[0]
        except (ValueError, KeyError):
            return ()
    return shape
