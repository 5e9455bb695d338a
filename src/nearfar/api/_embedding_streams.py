"""Embeddings that are read in chunks: files, folders of parts and arrays of any size."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import accumulate
from pathlib import Path
from typing import Any, Final, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.api._embedding_files import (
    as_views,
    check_part,
    check_shapes,
    origin_beside,
    parts_in,
)
from nearfar.api._origin import Origin, origin_in
from nearfar.data._array_entries import UNNAMED
from nearfar.data._files import file_ending, printable
from nearfar.data._matrix_parts import PART_ENDINGS
from nearfar.data._stored_matrices import StoredMatrix, stored_matrices

__all__ = ["IN_MEMORY", "EmbeddingStream", "open_stream"]

T = TypeVar("T")

IN_MEMORY: Final = 1 << 25
"""Numbers in all matrices up to which they are held in memory: 65,536 rows of 512."""
_CHUNK = 1 << 22  # numbers of a chunk, of all matrices
_FEWEST = 256  # rows of a chunk
_LARGEST = 1e15  # absolute value whose square single precision can hold


@dataclass(frozen=True)
class EmbeddingStream:
    """Matrices by their role among the views, each in one part or several.

    Attributes:
        matrices: Parts in order, by a name such as ``z1``.
        files: Name of the file of each part of ``z1``; empty for a single one.
        notes: Notes on the files.
        origin: The run that the files remember.
    """

    matrices: Mapping[str, tuple[StoredMatrix, ...]]
    files: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    origin: Origin | None = None

    @property
    def shapes(self) -> dict[str, tuple[int, int]]:
        """Rows and columns of each matrix."""
        return {
            name: (sum(part.shape[0] for part in parts), parts[0].shape[1])
            for name, parts in self.matrices.items()
        }

    @property
    def numbers(self) -> int:
        """Numbers in all matrices."""
        return sum(rows * columns for rows, columns in self.shapes.values())

    def chunks(self) -> Iterator[dict[str, Tensor]]:
        """Yield the next rows of every matrix, in float32 or float64.

        Raises:
            ValueError: A damaged file; NaN, infinity or a number that is too large.
        """
        widths = sum(columns for _, columns in self.shapes.values())
        size = max(_FEWEST, _CHUNK // max(widths, 1))
        each = [_regular(_blocks(parts, size), size) for parts in self.matrices.values()]
        named = (dict(zip(self.matrices, rows, strict=True)) for rows in zip(*each, strict=True))
        return _ahead(named)

    def name_of(self, position: int) -> str:
        """The name of a row: ``row 17``, or ``part-2.npy row 17``."""
        if not self.files:
            return f"row {position}"
        starts = [0, *accumulate(part.shape[0] for part in self.matrices["z1"])]
        part = bisect_right(starts, position) - 1
        return f"{self.files[part]} row {position - starts[part]}"


def open_stream(embeddings: Any, second: Any = None) -> EmbeddingStream | None:
    """Embeddings as a stream; None if they are not in a form that can be read in chunks.

    Args:
        embeddings: A file or a folder of parts; or an array, or a tensor on the CPU.
        second: A second view of the same samples in one of these forms.

    Raises:
        ValueError: A damaged file, parts that do not match, or views of different shapes.
    """
    first = _opened(embeddings)
    if first is None or second is None:
        return first
    other = _opened(second)
    if other is None or "z2" in first.matrices or "z2" in other.matrices:
        return None
    joined = replace(
        first,
        matrices={"z1": first.matrices["z1"], "z2": other.matrices["z1"]},
        notes=(*first.notes, *other.notes),
    )
    shapes = joined.shapes
    if shapes["z1"] != shapes["z2"]:
        raise ValueError(
            f"`second` must have the shape of `embeddings`, {shapes['z1']}, got {shapes['z2']}"
        )
    return joined


def _opened(embeddings: Any) -> EmbeddingStream | None:
    if isinstance(embeddings, (str, Path)):
        return _of_path(Path(embeddings))
    if isinstance(embeddings, Tensor) and embeddings.device.type == "cpu":
        dense = embeddings.layout == torch.strided
        return _of_array(embeddings.detach()) if dense and embeddings.ndim == 2 else None
    if isinstance(embeddings, np.ndarray) and embeddings.dtype.kind in "fiub":
        return _of_array(embeddings) if embeddings.ndim == 2 else None
    return None


def _of_array(rows: NDArray[Any] | Tensor) -> EmbeddingStream:
    def read(size: int) -> Iterator[Any]:
        for start in range(0, len(rows), size):
            yield rows[start : start + size]

    matrix = StoredMatrix("embeddings", "f", (rows.shape[0], rows.shape[1]), read)
    return EmbeddingStream({"z1": (matrix,)})


def _of_path(path: Path) -> EmbeddingStream | None:
    if path.is_dir():
        files = parts_in(path)
    else:
        files = (path,) if path.is_file() and file_ending(path) in PART_ENDINGS else ()
    if not files or path.suffix.lower() == ".gz":
        return None
    parts = [_roles(file) for file in files]
    if not all(parts):
        return None  # reading it as a whole says what is wrong
    widths = [{name: matrix.shape[1] for name, matrix in part.items()} for part in parts]
    for file, part, found in zip(files, parts, widths, strict=True):
        check_part(file, found, first=files[0], expected=widths[0])
        if "z2" in part:
            check_shapes({name: matrix.shape for name, matrix in part.items()}, file)
    return EmbeddingStream(
        {name: tuple(part[name] for part in parts) for name in parts[0]},
        files=tuple(printable(file.name) for file in files) if len(files) > 1 else (),
        origin=_origin(files[0]),
    )


def _roles(file: Path) -> dict[str, StoredMatrix]:
    """The matrices of a file by their role; none if it is not clear."""
    try:
        found = stored_matrices(file)
    except TypeError as error:
        raise ValueError(str(error)) from None
    roles = as_views(found)
    if not roles and file_ending(file) == ".npy":
        roles = {"z1": UNNAMED} if found else {}
    elif not roles and file_ending(file) in (".npz", ".safetensors"):
        floats = [name for name, matrix in found.items() if matrix.kind == "f"]
        roles = {"z1": floats[0]} if len(floats) == 1 else {}
    views = {role: found[name] for role, name in roles.items()}
    if roles.get("z2", "z2") != "z2" and views["z2"].shape[1] != views["z1"].shape[1]:
        del views["z2"]  # another side with other columns
    return views


def _origin(file: Path) -> Origin | None:
    if file_ending(file) != ".npz":
        return origin_beside(file)
    with np.load(file, allow_pickle=False) as arrays:
        return origin_in(str(arrays["nearfar"])) if "nearfar" in arrays else None


def _blocks(parts: tuple[StoredMatrix, ...], size: int) -> Iterator[Tensor]:
    for part in parts:
        first = 0
        for block in part.blocks(size):
            yield _checked(block, part.place, first)
            first += len(block)


def _checked(block: NDArray[Any] | Tensor, place: str, first: int) -> Tensor:
    """Rows of a matrix in single precision if they were single or half, else in double precision.

    Raises:
        ValueError: NaN, infinity or a number that is too large, with the row.
    """
    if isinstance(block, Tensor):
        half = block.dtype in (torch.float16, torch.bfloat16)
        rows = block.float() if half else block if block.is_floating_point() else block.double()
    else:
        single = block.dtype.kind == "f" and block.itemsize <= 4
        rows = torch.from_numpy(np.array(block, dtype=np.float32 if single else np.float64))
    largest = rows.abs().amax(dim=1)
    bad = ~(largest <= _LARGEST)
    if bool(bad.any()):
        row = int(bad.nonzero()[0])
        value = float(largest[row])
        what = "NaN or infinity" if not np.isfinite(value) else f"{value:.3g}"
        raise ValueError(
            f"{printable(place)} must contain finite numbers of at most {_LARGEST:.0e}, got {what}"
            f" in row {first + row}"
        )
    return rows


def _regular(blocks: Iterator[Tensor], size: int) -> Iterator[Tensor]:
    """The same rows in blocks of exactly `size`, but the last one."""
    held: list[Tensor] = []
    count = 0
    for block in blocks:
        held.append(block)
        count += len(block)
        while count >= size:
            joined = held[0] if len(held) == 1 else torch.cat(held)
            yield joined[:size]
            held, count = [joined[size:]], count - size
    if count:
        yield torch.cat(held)


def _ahead(items: Iterator[T]) -> Iterator[T]:
    """The same items, the next one being made in another thread while one is used."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(next, items, None)
        while (item := waiting.result()) is not None:
            waiting = pool.submit(next, items, None)
            yield item
