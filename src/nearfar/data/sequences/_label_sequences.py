"""Sequences with labels: class folders, labels in files of arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from nearfar.checks import check_choice
from nearfar.data._files import printable
from nearfar.data._folder_parts import label_folder
from nearfar.data._labelled_data import LabelledData, with_labels
from nearfar.data.sequences._array_files import SequenceFile, read_sequence_file
from nearfar.data.sequences._folder import SoundFolder
from nearfar.data.sequences._open_sequences import open_part, open_sequences

__all__ = ["label_sequences"]


def label_sequences(
    spec: Path | NDArray[Any] | Tensor, *, labels: str | None = None, **options: Any
) -> LabelledData:
    """Sequences and their classes, as the folders or the file say.

    Args:
        spec: As for :func:`open_sequences`.
        labels: Which set of labels of a file that has several; the first if not said.
        options: As for :func:`open_sequences`.

    Raises:
        ValueError: No labels, one class only, or labels that do not fit the sequences.
    """
    if not isinstance(spec, Path):
        raise ValueError(f"{type(spec).__name__} has no labels: give them as `labels`")
    if spec.is_dir():
        if labels is not None:
            raise ValueError(f"`labels` of a folder are its sub-folders, got the name {labels!r}")
        folder = open_sequences(spec, split="all", **options)
        assert isinstance(folder, SoundFolder)
        return label_folder(folder, noun="sounds")
    return _of_file(read_sequence_file(spec), spec, labels, options)


def _of_file(
    held: SequenceFile, path: Path, labels: str | None, options: dict[str, Any]
) -> LabelledData:
    known = held.train.labels
    if not known:
        raise ValueError(f"{printable(path.name)} holds no labels: name them y or labels")
    name = labels or next(iter(known))
    check_choice(known, labels=name)
    options = options | {"source_rate": held.sample_rate}
    options.pop("memory", None)
    train = open_part(held.train, name=path.stem, **options)
    if held.test is None or name not in held.test.labels:
        return with_labels(train, _each(known[name], train.rows, len(held.train)))
    test = open_part(held.test, name=f"{path.stem}-test", **options)
    return with_labels(
        train,
        _each(known[name], train.rows, len(held.train)),
        test,
        _each(held.test.labels[name], test.rows, len(held.test)),
    )


def _each(labels: NDArray[Any], rows: Tensor, count: int) -> NDArray[Any]:
    """The label of each sequence: rows may be skipped, long ones be in pieces."""
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if len(flat) != count:
        raise ValueError(f"labels must be one for each of {count:,} sequences, got {len(flat):,}")
    chosen: NDArray[Any] = flat[rows.numpy()]
    return chosen
