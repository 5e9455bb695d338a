"""Open sequences: a folder of sounds, a file of arrays, an array."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._files import printable
from nearfar.data._folder_parts import split_folder
from nearfar.data._joined import Joined
from nearfar.data._source import Source
from nearfar.data._specs import Split, array_of, refuse_test
from nearfar.data.sequences._array_files import SequencePart, read_sequence_file
from nearfar.data.sequences._arrays import SequenceArray
from nearfar.data.sequences._folder import MEMORY, SoundFolder

__all__ = ["open_part", "open_sequences"]

ARRAY_ENDINGS = (".npy", ".npz")


def open_sequences(
    spec: Path | NDArray[Any] | Tensor,
    *,
    split: Split = "train",
    sample_rate: int | None = None,
    seconds: float = 10.0,
    memory: int = MEMORY,
) -> Source:
    """A source of unlabelled sounds or time series.

    Args:
        spec: A folder of sound files, a ``.npy`` or ``.npz`` file, an array or tensor (N×time or
            N×channels×time).
        split: Where data come with an official test set: everything but that set (``train``), that
            set alone, or all.
        sample_rate: Sounds are resampled to it; the commonest of the files if left out. Of an array
            without a rate it says that it holds sounds.
        seconds: Longer sounds are cut into pieces of this length.
        memory: Bytes that decoded sound files may take.

    Raises:
        TypeError: Something that is no source of sequences, or that only unpickling could read.
        ValueError: The data cannot be used; the reason is said.
    """
    if isinstance(spec, (np.ndarray, Tensor)):
        refuse_test(split, "an array")
        return SequenceArray(array_of(spec), name="array", sample_rate=sample_rate, seconds=seconds)
    if not isinstance(spec, Path):
        raise TypeError(
            f"sequences must be a folder, a file, an array or a tensor, got {type(spec).__name__}"
        )
    if spec.is_dir():
        folder = SoundFolder(spec, sample_rate=sample_rate, seconds=seconds, memory=memory)
        return split_folder(folder, split=split, noun="sounds")
    if spec.suffix.lower() not in ARRAY_ENDINGS:
        raise ValueError(
            f"{printable(str(spec))} is neither a folder of sounds nor a"
            f" {' or '.join(ARRAY_ENDINGS)} file"
        )
    held = read_sequence_file(spec)
    rates = {"source_rate": held.sample_rate, "sample_rate": sample_rate, "seconds": seconds}
    if held.test is None:
        refuse_test(split, printable(spec.name))
        return open_part(held.train, name=spec.stem, **rates)
    parts = []
    if split != "test":
        parts.append(open_part(held.train, name=spec.stem, **rates))
    if split != "train":
        parts.append(open_part(held.test, name=f"{spec.stem}-test", **rates))
    return parts[0] if len(parts) == 1 else Joined(parts, name=f"{spec.stem}-all")


def open_part(part: SequencePart, *, name: str, **options: Any) -> SequenceArray:
    """The sequences of a part of a file."""
    return SequenceArray(part.values, offsets=part.offsets, name=name, **options)
