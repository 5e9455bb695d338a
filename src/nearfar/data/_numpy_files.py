"""Array files (`.npy`, `.npz`), read without unpickling and with uniform error messages."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._files import printable

__all__ = ["map_array", "open_arrays"]


def map_array(path: Path) -> NDArray[Any]:
    """The array in a `.npy` file, memory-mapped.

    Raises:
        TypeError: The array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged.
    """
    with _said_of(path):
        mapped: NDArray[Any] = np.load(path, mmap_mode="r", allow_pickle=False)
    return mapped


@contextmanager
def open_arrays(path: Path) -> Iterator[Mapping[str, Any]]:
    """The arrays in a `.npz` file by name, each read on access.

    Raises:
        TypeError: An array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged.
    """
    with _said_of(path), path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
        yield arrays


@contextmanager
def _said_of(path: Path) -> Iterator[None]:
    name = printable(str(path))
    try:
        yield
    except zipfile.BadZipFile as error:
        raise ValueError(f"{name} is damaged: {error}") from None
    except (EOFError, ValueError) as error:
        if "pickle" in str(error).lower() or "Python objects" in str(error):
            raise TypeError(
                f"{name} contains Python objects or a pickle, which is never loaded:"
                " save plain numbers with numpy.save or numpy.savez"
            ) from None
        if "mmap length" in str(error) or isinstance(error, EOFError):
            raise ValueError(f"{name} is damaged: shorter than its header states") from None
        raise
