"""Files of arrays: `.npy`, `.npz`, `.safetensors`, `.mat`, HDF5, Zarr, Parquet and IDX."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearfar.data._array_entries import ArrayFile, file_faults
from nearfar.data._array_formats import FORMATS, is_zarr
from nearfar.data._files import file_ending, printable
from nearfar.data._idx_files import idx_parts, is_idx

__all__ = ["ARRAY_ENDINGS", "array_ending", "is_array_file", "map_array", "open_array_file"]

ARRAY_ENDINGS = (".npy", ".npz", ".safetensors", ".mat", ".h5", ".hdf5", ".zarr")
"""Extensions of the files that are recognised as arrays; those of IDX files are part of a name."""


def array_ending(path: Path) -> str:
    """Extension of a file or folder of arrays, ``.idx`` for IDX files; empty for all others.

    >>> array_ending(Path("a.NPZ")), array_ending(Path("t10k-images-idx3-ubyte.gz"))
    ('.npz', '.idx')
    """
    if path.is_dir():
        return ".zarr" if is_zarr(path) else ".idx" if idx_parts(path) else ""
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
    if ending not in FORMATS:
        raise ValueError(
            f"{printable(str(path))} is not a file of arrays, which end in {' '.join(FORMATS)}"
        )
    with ExitStack() as stack:
        entries = file_faults(path, lambda: FORMATS[ending](path, stack))
        yield ArrayFile(path, entries, columns_first=ending == ".mat")


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
