"""Files of embeddings, written with the names of their rows and the run they are of."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from nearfar.api._origin import Origin, placed
from nearfar.api._two_views import EmbeddedViews
from nearfar.records import replace_atomically, write_text

__all__ = [
    "EMBEDDING_ENDINGS",
    "NewFile",
    "new_file",
    "save_embeddings",
    "save_steps",
    "save_views",
]

EMBEDDING_ENDINGS = (".npz", ".parquet", ".npy")
"""Extensions of the files that can be written."""
_COLUMNS = {"embeddings": "embedding", "embeddings2": "embedding2"}  # names in .parquet


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
class _Content:
    """What a file holds besides its matrices: names of the rows, notes, the run."""

    ids: tuple[str, ...]
    notes: tuple[str, ...]
    origin: Origin | None

    def run(self) -> dict[str, Any]:
        """The run as JSON types; empty without one."""
        return {} if self.origin is None else {"run": json.loads(self.origin.to_json())}


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
    origin: Origin | None = None,
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
        origin: The run, as of :attr:`nearfar.api.Embedded.origin`, which the file remembers.

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
    matrices = {"embeddings": embeddings} | ({} if second is None else {"embeddings2": second})
    _WRITERS[path.suffix](path, matrices, _content(path, ids, notes, origin))
    return path


def save_views(path: str | Path, views: EmbeddedViews) -> Path:
    """Write two views of samples, with ids, notes and the run, to a file, atomically.

    Args:
        path: ``.npz`` or ``.parquet``: arrays or columns ``z1``, ``z2``, ``h1``, ``h2`` and, where
            there are raw features, ``raw1`` and ``raw2``.
        views: The views, as of :meth:`nearfar.api.Run.embed_views`.

    Raises:
        ValueError: Another file extension.
    """
    path = Path(path)
    if path.suffix not in (".npz", ".parquet"):
        raise ValueError(f"`path` must end in .npz or .parquet for two views, got {path.name!r}")
    content = _content(path, views.ids, views.notes, views.origin)
    _WRITERS[path.suffix](path, views.matrices, content)
    return path


def save_steps(
    path: str | Path,
    sequences: Sequence[NDArray[np.float32]],
    ids: tuple[str, ...],
    notes: tuple[str, ...] = (),
    *,
    origin: Origin | None = None,
) -> tuple[int, int]:
    """Write the embeddings of time steps, concatenated over sequences, to a file, atomically.

    Args:
        path: ``.npz`` with the arrays ``embeddings`` (steps × dim), ``offsets`` (sequence ``i`` is
            rows ``offsets[i]`` to ``offsets[i + 1]``), ``ids`` and ``notes``.
        sequences: One matrix (steps × dim) per sequence.
        ids: Name of each sequence.
        notes: Notes on the data, such as sequences that were left out.
        origin: The run, as of :attr:`nearfar.api.EmbeddedSteps.origin`, which the file remembers.

    Returns:
        The number of time steps and the number of sequences.

    Raises:
        ValueError: Another file extension.
    """
    path = Path(path)
    if path.suffix != ".npz":
        raise ValueError(f"`path` must end in .npz for time steps, got {path.name!r}")
    offsets = np.cumsum([0, *(len(sequence) for sequence in sequences)])
    together = {"embeddings": np.concatenate(sequences), "offsets": offsets}
    _write_npz(path, together, _content(path, ids, notes, origin))
    return int(offsets[-1]), len(sequences)


def _content(
    path: Path, ids: tuple[str, ...], notes: tuple[str, ...], origin: Origin | None
) -> _Content:
    return _Content(ids, notes, None if origin is None else placed(origin, path))


def _write_npz(path: Path, matrices: Mapping[str, NDArray[Any]], content: _Content) -> None:
    texts = {"ids": content.ids, "notes": content.notes}
    arrays = dict(matrices) | {name: np.array(rows, dtype=np.str_) for name, rows in texts.items()}
    if content.origin is not None:
        arrays["nearfar"] = np.array(json.dumps(content.run()))

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

    replace_atomically(path, write)


def _write_npy(path: Path, matrices: Mapping[str, NDArray[Any]], content: _Content) -> None:
    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.save(file, matrices["embeddings"])

    replace_atomically(path, write)
    values = {"ids": list(content.ids), "notes": list(content.notes)} | content.run()
    write_text(path.with_suffix(".json"), json.dumps(values, indent=1, ensure_ascii=False) + "\n")


def _write_parquet(path: Path, matrices: Mapping[str, NDArray[Any]], content: _Content) -> None:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise ImportError(
            "writing .parquet files needs pyarrow: pip install 'nearfar[parquet]'"
        ) from None
    columns = {
        _COLUMNS.get(name, name): pa.FixedSizeListArray.from_arrays(
            pa.array(rows.reshape(-1)), rows.shape[1]
        )
        for name, rows in matrices.items()
    }
    table = pa.table({"id": pa.array(content.ids)} | columns)
    known = {"notes": list(content.notes)} | content.run()
    table = table.replace_schema_metadata({"nearfar": json.dumps(known)})
    replace_atomically(path, lambda temporary: pq.write_table(table, temporary))


_Writer: TypeAlias = Callable[[Path, Mapping[str, NDArray[Any]], _Content], None]
_WRITERS: Mapping[str, _Writer] = {
    ".npz": _write_npz,
    ".parquet": _write_parquet,
    ".npy": _write_npy,
}
