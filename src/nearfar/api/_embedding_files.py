"""Files of embeddings: written with the names of their rows, read from any source."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data import open_source
from nearfar.data._array_files import array_ending, map_array, open_array_file
from nearfar.data._files import file_ending, list_names, printable
from nearfar.data._tables import TABLE_ENDINGS, read_table
from nearfar.records import replace_atomically, write_text

__all__ = [
    "EMBEDDING_ENDINGS",
    "EmbeddingFile",
    "NewFile",
    "load_embeddings",
    "new_file",
    "read_embeddings",
    "save_embeddings",
    "save_steps",
]

_COLUMNS = ("embedding", "embedding2")
EMBEDDING_ENDINGS = (".npz", ".parquet", ".npy")
"""Extensions of the files that can be written."""
_BESIDES = ("ids", "notes", "offsets")  # arrays that `nearfar embed` writes


@dataclass(frozen=True)
class NewFile:
    """A file to write.

    Attributes:
        path: Its path.
        replaces: Whether it replaces an earlier file.
    """

    path: Path
    replaces: bool = False


@dataclass(frozen=True)
class EmbeddingFile:
    """The content of a file of embeddings.

    Attributes:
        embeddings: Samples × dim.
        second: A second view of the same samples, if the file has one.
        ids: Name of each row.
        notes: Notes on the file.
    """

    embeddings: Tensor
    second: Tensor | None
    ids: tuple[str, ...]
    notes: tuple[str, ...]


@contextmanager
def new_file(out: Path | None, *, name: str) -> Iterator[NewFile]:
    """A file for embeddings: the given one, else the first free ``embeddings-NAME.npz``.

    A free name is reserved by an empty file, which is removed if nothing was written.

    Args:
        out: The given file.
        name: Name of the run.
    """
    if out is not None:
        yield NewFile(out, replaces=out.exists())
        return
    number = 1
    while True:
        path = Path(f"embeddings-{name}{'' if number == 1 else f'-{number}'}.npz")
        try:
            path.open("xb").close()
            break
        except FileExistsError:
            number += 1
    try:
        yield NewFile(path)
    finally:
        if not path.stat().st_size:
            path.unlink()


def save_embeddings(
    path: str | Path,
    embeddings: NDArray[np.float32],
    ids: tuple[str, ...],
    second: NDArray[np.float32] | None = None,
    *,
    notes: tuple[str, ...] = (),
) -> Path:
    """Write embeddings, sample ids and notes to a file, atomically.

    Args:
        path: ``.npz`` (arrays ``embeddings``, ``ids`` and ``notes``), ``.parquet`` (columns ``id``
            and ``embedding``; the notes are JSON under the key ``nearfar`` of the metadata) or
            ``.npy`` (with ids and notes in a ``.json`` file of the same name).
        embeddings: Samples × dim.
        ids: Name of each sample.
        second: Embeddings of the other side of pairs, as ``embeddings2`` or, in a ``.parquet``
            file, ``embedding2``.
        notes: Notes on the data, such as samples that were left out.

    Raises:
        ValueError: Another file extension, two matrices for ``.npy``, or numbers of ids and samples
            that differ.
    """
    path = Path(path)
    if len(ids) != len(embeddings):
        raise ValueError(f"`ids` must name each of the {len(embeddings)} rows, got {len(ids)}")
    if path.suffix not in EMBEDDING_ENDINGS:
        raise ValueError(f"`path` must end in .npz, .parquet or .npy, got {path.name!r}")
    if second is not None and path.suffix == ".npy":
        raise ValueError(f"`path` must end in .npz or .parquet for two sides, got {path.name!r}")
    both = [embeddings] if second is None else [embeddings, second]
    _WRITERS[path.suffix](path, both, ids, notes)
    return path


def save_steps(
    path: str | Path,
    sequences: Sequence[NDArray[np.float32]],
    ids: tuple[str, ...],
    notes: tuple[str, ...] = (),
) -> tuple[int, int]:
    """Write the embeddings of time steps, concatenated over sequences, to a file, atomically.

    Args:
        path: ``.npz`` with the arrays ``embeddings`` (steps × dim), ``offsets`` (sequence ``i`` is
            rows ``offsets[i]`` to ``offsets[i + 1]``), ``ids`` and ``notes``.
        sequences: One matrix (steps × dim) per sequence.
        ids: Name of each sequence.
        notes: Notes on the data, such as sequences that were left out.

    Returns:
        The number of time steps and the number of sequences.

    Raises:
        ValueError: Another file extension.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"`path` must end in .npz for time steps, got {path.name!r}")
    offsets = np.cumsum([0, *(len(sequence) for sequence in sequences)])
    together = np.concatenate(sequences)
    _write_arrays(path, embeddings=together, offsets=offsets, **_texts(ids, notes))
    return int(offsets[-1]), len(sequences)


def load_embeddings(path: str | Path) -> tuple[Tensor, Tensor | None]:
    """The embeddings in a file and, if the file has one, a second view of the same samples.

    Args:
        path: ``.npy``; ``.npz`` or another file of arrays with ``embeddings`` (and ``embeddings2``)
            or a single matrix;
            ``.parquet`` or ``.jsonl`` with a column ``embedding``; or any table of numbers that
            can be opened as vectors, such as ``.csv``.

    Raises:
        ValueError: The file is damaged or contains no matrix of embeddings. Pickles are never
            loaded.
    """
    found = read_embeddings(path)
    return found.embeddings, found.second


def read_embeddings(path: str | Path) -> EmbeddingFile:
    """Read a file of embeddings, as in :func:`load_embeddings`, with ids and notes."""
    path = Path(path)
    if not path.is_file() and not (path.exists() and array_ending(path)):
        raise ValueError(f"`path` must be a file of embeddings or a run, got {path}")
    try:
        ending = array_ending(path)
        if ending == ".npy":
            return _file(map_array(path), path)
        if ending:
            return _of_arrays(path)
        return _of_table(path)
    except TypeError as error:  # a pickle, or values that are no numbers
        raise ValueError(str(error)) from None


def _of_arrays(path: Path) -> EmbeddingFile:
    with open_array_file(path) as opened:
        arrays = dict(opened)
    second = arrays.pop("embeddings2", None)
    first = arrays.pop("embeddings", None)
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
    return _file(first, path, second=second, ids=ids if named else None, notes=notes)


def _of_table(path: Path) -> EmbeddingFile:
    if file_ending(path) in TABLE_ENDINGS and file_ending(path) not in (".csv", ".tsv"):
        columns = read_table(path).columns
        found = [_rows(columns[key], key, path) for key in _COLUMNS if key in columns]
        if found:
            second = found[1] if len(found) > 1 else None
            return _file(found[0], path, second=second, ids=columns.get("id"))
    try:
        source = open_source(path, modality="vectors")
    except ValueError as error:
        named = printable(path.name) in str(error)
        raise ValueError(str(error) if named else f"{printable(str(path))}: {error}") from None
    parts = [batch.inputs for batch in source.chunks()]
    values = torch.cat([part for part in parts if isinstance(part, Tensor)]).numpy()
    ids = [source.identify(int(sample)) for sample in source.samples]
    return _file(values, path, ids=ids, notes=source.notes)


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
    ids: Sequence[Any] | NDArray[Any] | None = None,
    notes: Sequence[str] = (),
) -> EmbeddingFile:
    values = _matrix(first, path)
    names = [f"row {row}" for row in range(len(values))] if ids is None else map(str, ids)
    other = None if second is None else _matrix(second, path)
    zeros = int((values == 0).all(dim=1).sum())
    if zeros:
        notes = [*notes, f"{zeros:,} of {len(values):,} rows have only zeros"]
    return EmbeddingFile(values, other, tuple(names), tuple(notes))


def _matrix(array: NDArray[Any], path: Path) -> Tensor:
    """Values in single precision if they were single or half, else in double precision."""
    shown = printable(str(path))
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


def _write_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    replace_atomically(path, write)


def _texts(ids: Sequence[str], notes: Sequence[str]) -> dict[str, NDArray[Any]]:
    return {"ids": np.array(ids, dtype=np.str_), "notes": np.array(notes, dtype=np.str_)}


def _write_npz(
    path: Path, matrices: list[NDArray[np.float32]], ids: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    arrays = dict(zip(("embeddings", "embeddings2"), matrices, strict=False))
    _write_arrays(path, **arrays, **_texts(ids, notes))


def _write_npy(
    path: Path, matrices: list[NDArray[np.float32]], ids: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.save(file, matrices[0])

    replace_atomically(path, write)
    values = {"ids": list(ids), "notes": list(notes)}
    write_text(path.with_suffix(".json"), json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def _write_parquet(
    path: Path, matrices: list[NDArray[np.float32]], ids: tuple[str, ...], notes: tuple[str, ...]
) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ImportError(
            "writing .parquet files needs pyarrow: pip install 'nearfar[parquet]'"
        ) from None
    columns = {
        name: pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])
        for name, rows in zip(_COLUMNS, matrices, strict=False)
    }
    table = pa.table({"id": pa.array(ids)} | columns)
    table = table.replace_schema_metadata({"nearfar": json.dumps({"notes": list(notes)})})
    replace_atomically(path, lambda temporary: pq.write_table(table, temporary))


_Writer: TypeAlias = Callable[
    [Path, list[NDArray[np.float32]], tuple[str, ...], tuple[str, ...]], None
]
_WRITERS: Mapping[str, _Writer] = {
    ".npz": _write_npz,
    ".parquet": _write_parquet,
    ".npy": _write_npy,
}
