"""Matrices in files that are read in blocks of rows, without holding a whole matrix."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from nearfar.data._array_entries import UNNAMED, file_faults, missing_reader
from nearfar.data._files import file_ending, printable

__all__ = ["StoredMatrix", "npy_header", "stored_matrices"]

Blocks = Iterator[Any]

_LOCAL_HEADER = 30  # bytes of a zip entry before its name
_HALF = "bfloat16"  # unknown to numpy
_SAFETENSORS = {
    **{f"F{bits}": f"<f{bits // 8}" for bits in (16, 32, 64)},
    **{f"I{bits}": f"<i{bits // 8}" for bits in (8, 16, 32, 64)},
    **{f"U{bits}": f"<u{bits // 8}" for bits in (8, 16, 32, 64)},
    "BF16": _HALF,
}
_STREAMING: Any = {"buffer_size": 1 << 20, "pre_buffer": False}  # a row group may be a whole file


@dataclass(frozen=True)
class StoredMatrix:
    """A matrix in a file, of which only the header was read.

    Attributes:
        place: The file and the name of the array in it, for messages.
        kind: ``f`` for floating-point numbers, ``i`` or ``u`` for whole ones.
        shape: Rows and columns.
        read: Yields the rows in order, in blocks of at most the given number.
    """

    place: str
    kind: str
    shape: tuple[int, int]
    read: Callable[[int], Blocks]

    def blocks(self, size: int) -> Blocks:
        """Yield the rows in order, in blocks of at most `size`.

        Raises:
            ValueError: The file is damaged, or has another number of rows than its header states.
        """
        path, found = Path(self.place), 0
        blocks = file_faults(path, lambda: self.read(size))
        while (block := file_faults(path, lambda: next(blocks, None))) is not None:
            found += len(block)
            yield block
        if found != self.shape[0]:
            raise ValueError(
                f"{printable(self.place)} is damaged: it has {found:,} of {self.shape[0]:,} rows"
            )


def stored_matrices(path: Path) -> dict[str, StoredMatrix]:
    """The matrices of numbers in a file, by name; other arrays and columns are left out.

    Args:
        path: A file with an extension of :data:`nearfar.data._matrix_parts.PART_ENDINGS`.

    Raises:
        ImportError: An optional library is missing.
        TypeError: The file contains Python objects.
        ValueError: A damaged file.
    """
    found: dict[str, StoredMatrix] = file_faults(path, lambda: _READERS[file_ending(path)](path))
    return found


def _place(path: Path, name: str) -> str:
    return f"{path}: {name}" if name else str(path)


def _mapped(
    path: Path,
    name: str,
    shape: tuple[int, int],
    *,
    kind: str,
    offset: int,
    columns_first: bool = False,
) -> StoredMatrix:
    """A matrix whose bytes stand in a file as they are."""
    halved = kind == _HALF

    def read(size: int) -> Blocks:
        for start in range(0, shape[0], size):
            # mapped again for each block, as the pages of a mapping count as memory of the process
            whole = np.memmap(
                path,
                "<u2" if halved else kind,
                "r",
                offset=offset,
                shape=shape,
                order="F" if columns_first else "C",
            )
            block = np.array(whole[start : start + size])
            del whole
            yield (block.astype("<u4") << 16).view("<f4") if halved else block

    letter = "f" if halved else np.dtype(kind).kind
    return StoredMatrix(_place(path, name), letter, shape, read)


def _is_matrix(shape: tuple[int, ...], kind: np.dtype[Any]) -> bool:
    return len(shape) == 2 and kind.kind in "fiu"


def npy_header(file: Any) -> tuple[tuple[int, ...], bool, np.dtype[Any]] | None:
    """Shape, whether columns come first, and type of an array; the data follow in the file.

    None for a format of a later version of numpy.
    """
    readers: dict[Any, Any] = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    read = readers.get(np.lib.format.read_magic(file))
    if read is None:
        return None
    header: tuple[tuple[int, ...], bool, np.dtype[Any]] = read(file)
    return header


def _npy(path: Path) -> dict[str, StoredMatrix]:
    array = np.load(path, mmap_mode="r", allow_pickle=False)  # checks the size of the file
    if not isinstance(array, np.memmap) or not _is_matrix(array.shape, array.dtype):
        return {}
    matrix = _mapped(
        path,
        UNNAMED,
        (array.shape[0], array.shape[1]),
        kind=array.dtype.str,
        offset=array.offset,
        columns_first=array.flags.f_contiguous and not array.flags.c_contiguous,
    )
    return {UNNAMED: matrix}


def _npz(path: Path) -> dict[str, StoredMatrix]:
    found = {}
    with zipfile.ZipFile(path) as archive:
        entries = [e for e in archive.infolist() if e.filename.endswith(".npy")]
        for entry in entries:
            with archive.open(entry) as file:
                header, start = npy_header(file), file.tell()
            if header is None or not _is_matrix(header[0], header[2]):
                continue
            name = entry.filename.removesuffix(".npy")
            shape, columns_first, kind = (header[0][0], header[0][1]), header[1], header[2]
            if entry.compress_type == zipfile.ZIP_STORED:
                found[name] = _mapped(
                    path,
                    name,
                    shape,
                    kind=kind.str,
                    offset=_start(path, entry) + start,
                    columns_first=columns_first,
                )
            else:
                read = partial(_inflated, path, entry.filename)
                found[name] = StoredMatrix(_place(path, name), kind.kind, shape, read)
    return found


def _start(path: Path, entry: zipfile.ZipInfo) -> int:
    """Offset of the bytes of an entry that is not compressed."""
    with path.open("rb") as file:
        file.seek(entry.header_offset)
        name, extra = struct.unpack("<26xHH", file.read(_LOCAL_HEADER))
    return int(entry.header_offset + _LOCAL_HEADER + name + extra)


def _inflated(path: Path, name: str, size: int) -> Blocks:
    """The rows of a compressed entry; one with its columns first is held as a whole."""
    with zipfile.ZipFile(path) as archive, archive.open(name) as file:
        header = npy_header(file)
        assert header is not None, "it was read before"
        (rows, columns), columns_first, kind = header
        if columns_first:
            whole = np.frombuffer(file.read(), kind).reshape(columns, rows).T
            yield from (whole[start : start + size] for start in range(0, rows, size))
            return
        for start in range(0, rows, size):
            count = min(size, rows - start)
            content = file.read(count * columns * kind.itemsize)
            yield np.frombuffer(content, kind).reshape(count, columns)


def _safetensors(path: Path) -> dict[str, StoredMatrix]:
    from safetensors import safe_open

    with safe_open(path, framework="np"):  # checks the header and the size of the file
        pass
    with path.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(length))
    header.pop("__metadata__", None)
    found = {}
    for name, entry in header.items():
        kind, shape = _SAFETENSORS.get(entry["dtype"]), entry["shape"]
        if kind is not None and len(shape) == 2:
            offset = 8 + length + entry["data_offsets"][0]
            found[name] = _mapped(path, name, (shape[0], shape[1]), kind=kind, offset=offset)
    return found


def _parquet(path: Path) -> dict[str, StoredMatrix]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ImportError:
        raise missing_reader(path, "pyarrow", "parquet") from None
    listed = (pa.types.is_list, pa.types.is_large_list, pa.types.is_fixed_size_list)
    found = {}
    with parquet.ParquetFile(path, **_STREAMING) as file:
        rows = file.metadata.num_rows
        for field in file.schema_arrow:
            if not rows or not any(is_list(field.type) for is_list in listed):
                continue
            kind = field.type.value_type
            if pa.types.is_floating(kind) or pa.types.is_integer(kind):
                first = next(file.iter_batches(1, columns=[field.name])).column(0)[0].as_py()
                found[field.name] = StoredMatrix(
                    _place(path, field.name),
                    "f" if pa.types.is_floating(kind) else "i",
                    (rows, len(first or ())),
                    partial(_column, path, field.name),
                )
    return found


def _column(path: Path, name: str, size: int) -> Blocks:
    """The lists of a column.

    Raises:
        ValueError: A missing list, or one of another length.
    """
    from pyarrow import compute, parquet

    with parquet.ParquetFile(path, **_STREAMING) as file:
        width, done = -1, 0
        for batch in file.iter_batches(size, columns=[name]):
            lists = batch.column(0)
            lengths = compute.fill_null(compute.list_value_length(lists), 0).to_numpy()
            width = int(lengths[0]) if width < 0 else width
            other = (lengths != width).nonzero()[0]
            if len(other) or not width:
                row = int(other[0]) if len(other) else 0
                raise ValueError(
                    f"{printable(_place(path, name))} must have lists of the same length, got"
                    f" {int(lengths[row])} in row {done + row} and {width} in row 0"
                )
            done += len(lists)
            yield lists.flatten().to_numpy(zero_copy_only=False).reshape(len(lists), width)


_READERS: Mapping[str, Callable[[Path], dict[str, StoredMatrix]]] = {
    ".npy": _npy,
    ".npz": _npz,
    ".safetensors": _safetensors,
    ".parquet": _parquet,
}
