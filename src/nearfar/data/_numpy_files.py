"""One array in a file, or several by name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, final

from numpy.typing import NDArray

from nearfar.data._array_entries import ArrayFile
from nearfar.data._array_files import open_array_file

__all__ = ["map_array", "open_arrays"]


def map_array(path: Path) -> NDArray[Any]:
    """The array in a file with a single one; that in a `.npy` file is memory-mapped.

    Raises:
        TypeError: The array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged, or has several arrays.
    """
    with open_array_file(path) as file:
        if len(file) != 1:
            raise ValueError(f"{file.name} must have a single array, it contains {file.listed()}")
        return file[next(iter(file))]


@contextmanager
def open_arrays(path: Path) -> Iterator[Mapping[str, Any]]:
    """The arrays in a file by name, each read on access.

    Raises:
        TypeError: An array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged.
    """
    with open_array_file(path) as file:
        yield _Arrays(file)


@final
class _Arrays(Mapping[str, Any]):
    def __init__(self, file: ArrayFile) -> None:
        self._file = file

    def __getitem__(self, key: str) -> NDArray[Any]:
        if key not in self._file:
            raise KeyError(key)
        return self._file[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._file)

    def __len__(self) -> int:
        return len(self._file)
