"""Embeddings of whole samples: no augmentation, evaluation mode, in the order of the source."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from numpy.typing import NDArray
from torch import Tensor, nn

from nearfar.data import Source
from nearfar.inputs import move
from nearfar.records import replace_atomically
from nearfar.views import Views

__all__ = ["embed_source", "embed_steps", "load_embeddings", "save_embeddings", "save_steps"]


@torch.no_grad()
def embed_source(
    encoder: nn.Module, source: Source, views: Views, *, batch_size: int | None = None
) -> Float[Tensor, "samples dim"]:
    """The encoder's output for each sample of a source, float32 on the CPU."""
    with _at_rest(encoder) as device:
        shown = (move(views.plain(batch.inputs), device) for batch in source.chunks(batch_size))
        return torch.cat([encoder(view).float().cpu() for view in shown])


@contextmanager
def _at_rest(encoder: nn.Module) -> Iterator[torch.device]:
    """Switch to evaluation mode inside the context; yields the encoder's device."""
    training = encoder.training
    encoder.eval()
    try:
        yield next((p.device for p in encoder.parameters()), torch.device("cpu"))
    finally:
        encoder.train(training)


@torch.no_grad()
def embed_steps(encoder: nn.Module, source: Source, views: Views) -> list[Float[Tensor, "_ dim"]]:
    """The encoder's output at each time step of each sequence of a source.

    Raises:
        ValueError: The encoder has no time steps.
    """
    steps = getattr(encoder, "steps", None)
    if steps is None:
        raise ValueError(f"`steps` needs an encoder of sequences, got {type(encoder).__name__}")
    embeddings = []
    with _at_rest(encoder) as device:
        for batch in source.chunks():
            values, lengths = steps(move(views.plain(batch.inputs), device))
            rows = zip(values.float().cpu(), lengths.tolist(), strict=True)
            embeddings += [value[:length] for value, length in rows]
    return embeddings


def save_embeddings(
    path: str | Path,
    embeddings: NDArray[np.float32],
    ids: tuple[str, ...],
    second: NDArray[np.float32] | None = None,
) -> Path:
    """Write embeddings and sample ids to a file, atomically.

    Args:
        path: ``.npz`` (arrays ``embeddings`` and ``ids``) or ``.parquet`` (columns ``embedding``
            and ``id``).
        embeddings: Samples × dim.
        ids: Name of each sample.
        second: Embeddings of the other side of pairs, as ``embeddings2`` or ``embedding2``.

    Raises:
        ValueError: Another file extension, or numbers of ids and samples that differ.
    """
    path = Path(path)
    if len(ids) != len(embeddings):
        raise ValueError(f"`ids` must name each of the {len(embeddings)} rows, got {len(ids)}")
    if path.suffix == ".npz":

        def write(temporary: Path) -> None:
            with temporary.open("wb") as file:
                arrays: dict[str, Any] = {"embeddings": embeddings, "ids": np.array(ids, np.str_)}
                if second is not None:
                    arrays["embeddings2"] = second
                np.savez_compressed(file, **arrays)

    elif path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        def column(rows: NDArray[np.float32]) -> Any:
            return pa.FixedSizeListArray.from_arrays(pa.array(rows.reshape(-1)), rows.shape[1])

        more = {} if second is None else {"embedding2": column(second)}
        table = pa.table({"id": pa.array(ids), "embedding": column(embeddings)} | more)

        def write(temporary: Path) -> None:
            pq.write_table(table, temporary)

    else:
        raise ValueError(f"`path` must end in .npz or .parquet, got {path.name!r}")
    replace_atomically(path, write)
    return path


def save_steps(
    path: str | Path, sequences: Sequence[NDArray[np.float32]], ids: tuple[str, ...]
) -> tuple[int, int]:
    """Write the embeddings of time steps, concatenated over sequences, to a file, atomically.

    Args:
        path: ``.npz`` with the arrays ``embeddings`` (steps × dim), ``offsets`` (sequence ``i`` is
            rows ``offsets[i]`` to ``offsets[i + 1]``) and ``ids``.
        sequences: One matrix (steps × dim) per sequence.
        ids: Name of each sequence.

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

    def write(temporary: Path) -> None:
        with temporary.open("wb") as file:
            np.savez_compressed(file, embeddings=together, offsets=offsets, ids=np.array(ids))

    replace_atomically(path, write)
    return int(offsets[-1]), len(sequences)


def load_embeddings(path: str | Path) -> tuple[Tensor, Tensor | None]:
    """The embeddings in a file and, if the file has one, a second view of the same samples.

    Args:
        path: ``.npy``; ``.npz`` with ``embeddings`` (and ``embeddings2``) or a single matrix;
            ``.parquet`` with a column ``embedding``.

    Raises:
        ValueError: The file contains no matrix of embeddings. Pickles are never loaded.
    """
    path = Path(path)
    if not path.is_file():
        raise ValueError(f"`path` must be a file of embeddings or a run, got {path}")
    if path.suffix == ".parquet":
        import pyarrow.parquet as pq

        names = pq.read_schema(path).names
        if "embedding" not in names:
            raise ValueError(f"{path} must have a column `embedding`, got {', '.join(names)}")
        held = [name for name in ("embedding", "embedding2") if name in names]
        table = pq.read_table(path, columns=held)
        first, *rest = (_matrix(np.array(table[name].to_pylist()), path) for name in held)
        return first, rest[0] if rest else None
    if path.suffix not in (".npy", ".npz"):
        raise ValueError(f"`path` must end in .npy, .npz or .parquet, got {path.name!r}")
    loaded: Any = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        return _matrix(loaded, path), None
    with loaded:
        arrays = {name: loaded[name] for name in loaded.files}
    second = arrays.pop("embeddings2", None)
    if "embeddings" in arrays:
        first = arrays["embeddings"]
    else:
        matrices = [a for a in arrays.values() if a.ndim == 2 and a.dtype.kind == "f"]
        if len(matrices) != 1:
            raise ValueError(
                f"{path} must contain `embeddings` or one floating-point matrix,"
                f" got {json.dumps({n: list(a.shape) for n, a in arrays.items()})}"
            )
        first = matrices[0]
    return _matrix(first, path), None if second is None else _matrix(second, path)


def _matrix(array: NDArray[Any], path: Path) -> Tensor:
    if array.ndim != 2 or array.dtype.kind not in "fiu":
        raise ValueError(
            f"{path} must contain a matrix of numbers (samples × dim),"
            f" got shape {array.shape} of {array.dtype}"
        )
    return torch.from_numpy(array.astype(np.float32))
