"""Files of embeddings, read from any source."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.api._origin import Origin, origin_in
from nearfar.data import open_source
from nearfar.data._array_files import array_ending, map_array, open_array_file
from nearfar.data._files import file_ending, list_names, printable
from nearfar.data._matrix_parts import PART_ENDINGS, part_files
from nearfar.data._reading_failures import readable
from nearfar.data._tables import TABLE_ENDINGS, read_table
from nearfar.diagnostics._health_stream import VIEW_NAMES

__all__ = [
    "COLUMNS",
    "EmbeddingFile",
    "as_views",
    "check_shapes",
    "load_embeddings",
    "origin_beside",
    "parts_in",
    "read_embeddings",
]

COLUMNS = ("embedding", "embedding2")
"""Names of the columns of a table with embeddings, and with those of a second side."""
_BESIDES = ("ids", "notes", "offsets", "nearfar")  # arrays that `nearfar embed` writes
_NAMED = ("x", "y", "labels", "ids", "offsets", "embeddings", "embeddings2")


@dataclass(frozen=True)
class EmbeddingFile:
    """The content of a file of embeddings.

    Attributes:
        embeddings: Samples × dim.
        second: The other side of pairs, or a second view, if the file has one.
        ids: Name of each row.
        notes: Notes on the file.
        views: Two views by name (``z1``, ``z2``, ``h1``, …), if the file names them; `embeddings`
            are then the representations of the first view, else its projections.
        origin: The run that the file remembers.
    """

    embeddings: Tensor
    second: Tensor | None
    ids: tuple[str, ...]
    notes: tuple[str, ...]
    views: Mapping[str, Tensor] = field(default_factory=dict)
    origin: Origin | None = None


def load_embeddings(path: str | Path) -> tuple[Tensor, Tensor | None]:
    """The embeddings in a file and, if the file has one, a second view of the same samples.

    Args:
        path: ``.npy``; ``.npz`` or another file of arrays with ``z1`` and ``z2``, with
            ``embeddings`` (and ``embeddings2``) or a single matrix; ``.parquet`` or ``.jsonl`` with
            columns of these names or ``embedding``; any table of numbers that can be opened as
            vectors, such as ``.csv``; or a folder of such files, the parts of a matrix.

    Raises:
        ValueError: The file is damaged or contains no matrix of embeddings. Pickles are never
            loaded.
    """
    found = read_embeddings(path)
    if found.views:
        return found.views["z1"], found.views["z2"]
    return found.embeddings, found.second


def read_embeddings(path: str | Path) -> EmbeddingFile:
    """Read a file of embeddings, as in :func:`load_embeddings`, with ids and notes."""
    path = Path(path)
    if path.is_dir() and not (array_ending(path) or part_files(path)):
        raise ValueError(
            f"`path` must be a folder with parts of embeddings ({', '.join(PART_ENDINGS)}),"
            f" got {printable(str(path))}, which has none"
        )
    if not path.exists():
        raise ValueError(f"`path` must be a file of embeddings or a run, got {path}")
    try:
        with readable(path):
            if parts := parts_in(path):
                return _of_parts(parts)
            if array_ending(path) == ".npy":
                return _file(map_array(path), path, origin=origin_beside(path))
            return _of_arrays(path) if array_ending(path) else _of_table(path)
    except TypeError as error:  # a pickle, or values that are no numbers
        raise ValueError(str(error)) from None


def parts_in(path: Path) -> tuple[Path, ...]:
    """The files of a folder that are parts of one matrix; none for a file.

    Raises:
        ValueError: Files of several extensions, or one for each view.
    """
    files = part_files(path)
    stems = {file.stem.lower() for file in files}
    if {"z1", "z2"} <= stems:
        raise ValueError(
            f"{printable(str(path))} has one file per view: give both files instead of the folder"
        )
    if files and array_ending(path):  # arrays by the names of their files, or a sample per file
        shape = np.shape(map_array(files[0])) if file_ending(files[0]) == ".npy" else ()
        if stems <= set(_NAMED) or len(shape) != 2:
            return ()
    endings = sorted({file_ending(file) for file in files})
    if len(endings) > 1:
        raise ValueError(
            f"parts in {printable(str(path))} must have one extension, got {', '.join(endings)}"
        )
    return files


def _of_parts(files: tuple[Path, ...]) -> EmbeddingFile:
    """The parts of a matrix, one after the other."""
    parts = [read_embeddings(file) for file in files]
    widths = [{name: rows.shape[1] for name, rows in _matrices(part).items()} for part in parts]
    for file, found in zip(files, widths, strict=True):
        check_part(file, found, first=files[0], expected=widths[0])
    joined = {name: torch.cat([_matrices(part)[name] for part in parts]) for name in widths[0]}
    ids = [
        f"{file.name} {name}" if len(files) > 1 and name.startswith("row ") else name
        for file, part in zip(files, parts, strict=True)
        for name in part.ids
    ]
    notes = [
        f"{file.name}: {note}" if len(files) > 1 else note
        for file, part in zip(files, parts, strict=True)
        for note in part.notes
    ]
    return replace(
        parts[0],
        embeddings=joined.pop("embeddings"),
        second=joined.pop("second", None),
        ids=tuple(ids),
        notes=tuple(notes),
        views=joined,
    )


def check_part(
    file: Path, widths: Mapping[str, int], *, first: Path, expected: Mapping[str, int]
) -> None:
    """Check that a part has the matrices of the first one.

    Raises:
        ValueError: It has others, or of other widths.
    """
    if widths != expected:
        raise ValueError(
            f"{printable(str(file))} must have the columns of {first.name},"
            f" {_listed(expected)}, got {_listed(widths)}"
        )


def _listed(widths: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {width:,}" for name, width in widths.items())


def _matrices(file: EmbeddingFile) -> dict[str, Tensor]:
    second = {} if file.second is None else {"second": file.second}
    return {"embeddings": file.embeddings, **second, **file.views}


def _of_arrays(path: Path) -> EmbeddingFile:
    with open_array_file(path) as opened:
        arrays = dict(opened)
    stored = arrays.get("nearfar")
    origin = None if stored is None or stored.ndim else origin_in(str(stored))
    roles = as_views(arrays)
    views = {name: arrays.pop(name) for name in roles} if roles.get("z2") == "z2" else {}
    second = None if views else arrays.pop("embeddings2", None)
    first = views.get("h1", views["z1"]) if views else arrays.pop("embeddings", None)
    if first is None:
        matrices = [k for k, a in arrays.items() if a.ndim == 2 and a.dtype.kind == "f"]
        if len(matrices) != 1:
            raise ValueError(
                f"{printable(str(path))} must contain `embeddings` or one floating-point matrix,"
                f" got {json.dumps({n: list(a.shape) for n, a in arrays.items()})}"
            )
        first = arrays.pop(matrices[0])
    unused = [name for name in arrays if name not in _BESIDES]
    notes = [f"arrays not used: {list_names(unused)}"] if unused else []
    ids = arrays.get("ids")
    # time steps have ids of their sequences
    named = ids is not None and ids.shape == first.shape[:1]
    return _file(
        first,
        path,
        second=second,
        views=views,
        ids=ids if named else None,
        notes=notes,
        origin=origin,
    )


def _of_table(path: Path) -> EmbeddingFile:
    if file_ending(path) in TABLE_ENDINGS and file_ending(path) not in (".csv", ".tsv"):
        columns = read_table(path).columns
        lists = {
            name: cells
            for name, cells in columns.items()
            if name not in VIEW_NAMES or (len(cells) and isinstance(cells[0], list))
        }
        roles = as_views(lists)
        found = {name: _rows(lists[key], key, path) for name, key in roles.items()}
        if found:
            named = roles.get("z2") == "z2"
            return _file(
                found.get("h1", found["z1"]),
                path,
                second=None if named else found.get("z2"),
                views=found if named else {},
                ids=columns.get("id"),
                origin=origin_beside(path),
            )
    try:
        source = open_source(path, modality="vectors")
    except ValueError as error:
        named = printable(path.name) in str(error)
        raise ValueError(str(error) if named else f"{printable(str(path))}: {error}") from None
    parts = [batch.inputs for batch in source.chunks()]
    values = torch.cat([part for part in parts if isinstance(part, Tensor)]).numpy()
    ids = [source.identify(int(sample)) for sample in source.samples]
    return _file(values, path, ids=ids, notes=source.notes)


def as_views(names: Mapping[str, Any]) -> dict[str, str]:
    """The arrays or columns that are embeddings, by their role among the views.

    >>> as_views({"id": 0, "embedding": 0}), as_views({"z1": 0, "z2": 0, "raw1": 0})
    ({'z1': 'embedding'}, {'z1': 'z1', 'z2': 'z2', 'raw1': 'raw1'})
    """
    if {"z1", "z2"} <= names.keys():
        return {name: name for name in VIEW_NAMES if name in names}
    for first, second in (("embeddings", "embeddings2"), COLUMNS):
        if first in names:
            return {"z1": first} | ({"z2": second} if second in names else {})
    return {}


def origin_beside(path: Path) -> Origin | None:
    """The run that a ``.npy`` file remembers in its ``.json`` file, or a ``.parquet`` file."""
    try:
        if file_ending(path) == ".npy":
            return origin_in(path.with_suffix(".json").read_bytes())
        if file_ending(path) == ".parquet":
            from pyarrow import parquet

            return origin_in((parquet.read_schema(path).metadata or {}).get(b"nearfar", b""))
    except (ImportError, OSError, ValueError):
        return None
    return None


def _rows(cells: Sequence[Any], column: str, path: Path) -> NDArray[Any]:
    """A column of lists of equal length as a matrix."""
    lengths = [len(cell) if isinstance(cell, list) else 0 for cell in cells]
    for row, length in enumerate(lengths):
        if not length or length != lengths[0]:
            raise ValueError(
                f"{printable(str(path))}: column {column!r} must have lists of the same length,"
                f" got {length} in row {row} and {lengths[0]} in row 0"
            )
    return np.array(cells)


def _file(
    first: NDArray[Any],
    path: Path,
    *,
    second: NDArray[Any] | None = None,
    views: Mapping[str, NDArray[Any]] | None = None,
    ids: Sequence[Any] | NDArray[Any] | None = None,
    notes: Sequence[str] = (),
    origin: Origin | None = None,
) -> EmbeddingFile:
    values = _matrix(first, path)
    names = [f"row {row}" for row in range(len(values))] if ids is None else map(str, ids)
    other = None if second is None else _matrix(second, path)
    named = {name: _matrix(rows, path, name) for name, rows in (views or {}).items()}
    check_shapes({name: tuple(rows.shape) for name, rows in named.items()}, path)
    zeros = int((named.get("z1", values) == 0).all(dim=1).sum())
    if zeros:
        notes = [*notes, f"{zeros:,} of {len(values):,} rows have only zeros"]
    return EmbeddingFile(values, other, tuple(names), tuple(notes), named, origin)


def check_shapes(shapes: Mapping[str, tuple[int, ...]], path: Path) -> None:
    """Check that views have the same rows, and both projections the same columns.

    Raises:
        ValueError: They differ; the message names them.
    """
    for name, shape in shapes.items():
        if shape[0] != shapes["z1"][0]:
            raise ValueError(
                f"{printable(str(path))}: {name} must have {shapes['z1'][0]:,} rows, as z1,"
                f" got {shape[0]:,}"
            )
    if shapes and shapes["z2"][1] != shapes["z1"][1]:
        raise ValueError(
            f"{printable(str(path))}: z2 must have {shapes['z1'][1]:,} columns, as z1,"
            f" got {shapes['z2'][1]:,}"
        )


def _matrix(array: NDArray[Any], path: Path, name: str = "") -> Tensor:
    """Values in single precision if they were single or half, else in double precision."""
    shown = printable(f"{path}: {name}" if name else str(path))
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise ValueError(
            f"{shown} must contain a matrix of numbers (samples × dim),"
            f" got shape {array.shape} of {array.dtype}"
        )
    single = array.dtype.kind == "f" and array.itemsize <= 4
    values = torch.from_numpy(np.array(array, dtype=np.float32 if single else np.float64))
    bad = ~values.isfinite().all(dim=1)
    if bool(bad.any()):
        raise ValueError(
            f"{shown} must contain finite numbers, got NaN or infinity in"
            f" {int(bad.sum()):,} of {len(values):,} rows, the first is row {int(bad.nonzero()[0])}"
        )
    most, limit = float(values.abs().max()) if values.numel() else 0.0, 1e15 if single else 1e150
    if most > limit or 0 < most < 1 / limit:
        raise ValueError(
            f"{shown} must contain numbers whose squares {values.dtype} can hold, got a largest"
            f" absolute value of {most:.3g}: divide all by a constant"
        )
    return values
