"""Files of arrays: `.npy`, `.npz`, `.safetensors`, `.mat`, HDF5, Zarr, Parquet and IDX."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearfar.data._array_entries import ArrayFile, file_faults
from nearfar.data._array_folders import (
    FOLDER,
    ArrayItems,
    FolderArrays,
    arrays_of_folder,
    holds_arrays,
)
from nearfar.data._array_formats import FORMATS, is_zarr
from nearfar.data._files import file_ending, printable
from nearfar.data._idx_files import idx_parts, is_idx

__all__ = [
    "ARRAY_ENDINGS",
    "array_ending",
    "array_items",
    "is_array_file",
    "map_array",
    "open_array_file",
]

ARRAY_ENDINGS = (".npy", ".npz", ".safetensors", ".mat", ".h5", ".hdf5", ".zarr")
"""Extensions of the files that are recognised as arrays; those of IDX files are part of a name."""


def array_ending(path: Path) -> str:
    """Extension of a file or folder of arrays; empty for all others.

    It is ``.idx`` for IDX files, and ``.arrays`` for a folder of files of arrays.

    >>> array_ending(Path("a.NPZ")), array_ending(Path("t10k-images-idx3-ubyte.gz"))
    ('.npz', '.idx')
    """
    if path.is_dir():
        if is_zarr(path):
            return ".zarr"
        return ".idx" if idx_parts(path) else FOLDER if holds_arrays(path) else ""
    if is_zarr(path):
        return ".zarr"
    if is_idx(path):
        return ".idx"
    ending = file_ending(path)
    if path.suffix.lower() == ".gz" and ending != ".npy":
        return ""
    return ending if ending in ARRAY_ENDINGS else ""


def is_array_file(path: Path) -> bool:
    """Whether a path is read as arrays where no table is expected: Parquet files then are, too."""
    return bool(array_ending(path)) or (file_ending(path) == ".parquet" and path.is_file())


@contextmanager
def open_array_file(path: Path) -> Iterator[ArrayFile]:
    """The arrays in a file by name; nothing is unpickled.

    Args:
        path: A file that :func:`array_ending` recognises, or a Parquet file whose columns contain
            lists of equal length.

    Raises:
        ImportError: An optional library is missing.
        TypeError: An array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged, or in another format.
    """
    ending = array_ending(path) or file_ending(path)
    if ending == FOLDER:
        with ExitStack() as stack:
            yield _of_folder(path, stack)
        return
    if ending not in FORMATS:
        raise ValueError(
            f"{printable(str(path))} is not a file of arrays, which end in {' '.join(FORMATS)}"
        )
    with ExitStack() as stack:
        entries = file_faults(path, lambda: FORMATS[ending](path, stack))
        yield ArrayFile(path, entries, columns_first=ending == ".mat")


def _of_folder(folder: Path, stack: ExitStack) -> ArrayFile:
    found = arrays_of_folder(folder, lambda file: FORMATS[array_ending(file)](file, stack))
    if isinstance(found, FolderArrays):
        return ArrayFile(folder, found.entries(), names=found.train_names, notes=(found.note,))
    return ArrayFile(folder, found)


def array_items(path: Path) -> ArrayItems | None:
    """The arrays of a folder of pictures of different sizes; None for all other data."""
    if array_ending(path) != FOLDER:
        return None
    found = arrays_of_folder(path, lambda file: FORMATS[array_ending(file)](file, ExitStack()))
    pictures = isinstance(found, FolderArrays) and found.are_pictures()
    return ArrayItems(found) if isinstance(found, FolderArrays) and pictures else None


def map_array(path: Path) -> NDArray[Any]:
    """The array in a file with a single one; that in a `.npy` file is memory-mapped.

    Raises:
        ImportError: An optional library is missing.
        TypeError: The array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged, or has several arrays.
    """
    with open_array_file(path) as file:
        if len(file) != 1:
            raise ValueError(f"{file.name} must have a single array, it contains {file.listed()}")
        return file[next(iter(file))]
