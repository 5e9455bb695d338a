"""Open sequences, with or without labels: folders of audio files, array files, arrays."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nearfar.checks import check_choice
from nearfar.data._array_entries import RATES
from nearfar.data._array_files import ARRAY_ENDINGS, is_array_file
from nearfar.data._data_kind import Confidence, DataKind
from nearfar.data._file_list import CONVERT
from nearfar.data._files import SOUND_ENDINGS, UNREAD_SOUNDS, file_ending, printable
from nearfar.data._folder_parts import Folder, label_folder, select_split
from nearfar.data._hub_datasets import feature_columns, has_test, hub_labels, hub_parts
from nearfar.data._joined import Joined
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._media_share import is_mostly_audio
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source
from nearfar.data._specs import Split, array_of, refuse_test
from nearfar.data.sequences._recording_lists import (
    holds_recordings,
    is_recordings,
    open_recordings,
)
from nearfar.data.sequences._sequence_array_files import SequenceFile, read_sequence_file
from nearfar.data.sequences._sequence_arrays import SequenceArray
from nearfar.data.sequences._sequence_source import SequenceSource
from nearfar.data.sequences._sound_folder import MEMORY, SoundFolder

__all__ = ["SEQUENCES", "label_sequences", "open_sequences"]


def open_sequences(
    spec: Any,
    *,
    split: Split = "train",
    sample_rate: int | None = None,
    seconds: float = 10.0,
    memory: int = MEMORY,
    split_folder: str | None = None,
    key: str | None = None,
    center: tuple[float, ...] | None = None,
    scale: tuple[float, ...] | None = None,
) -> Source:
    """Open a source of unlabelled audio or time series.

    Args:
        spec: A folder of audio files, an audio file, a file of arrays, an array or tensor
            (N×time or N×channels×time), a list of paths, bytes or arrays of any length, a PyTorch
            dataset of these, or a Hugging Face dataset with a column of audio.
        split: Samples to open if the data have an official test set: all others (``train``), the
            test set (``test``), or both (``all``).
        sample_rate: Sampling rate in Hz that audio is resampled to; by default the most common rate
            of the files. An array without a sampling rate is treated as audio of this rate.
        seconds: Length in seconds of the segments that longer audio is split into.
        memory: Memory limit for decoded audio files, in bytes.
        split_folder: Name of the subfolder that is the test set; ``none`` if subfolders such as
            ``train`` and ``test`` are classes. By default recognised by the usual names.
        key: Name of the array in a file with several; by default that of a usual name or the only
            one that fits.
        center: Number that is subtracted from each channel of series before rounding to single
            precision: the :attr:`SequenceSource.center` of an encoder's training data. By default
            chosen from the values.
        scale: Number that each channel of series is divided by after that.

    Raises:
        TypeError: An object that is not sequences, or a file that only unpickling could read.
        ValueError: Unusable data; the message gives the reason.
    """
    units: dict[str, Any] = {"center": center, "scale": scale}
    if isinstance(spec, (np.ndarray, Tensor)):
        refuse_test(split, "an array")
        return SequenceArray(
            array_of(spec), name="array", sample_rate=sample_rate, seconds=seconds, **units
        )
    if feature_columns(spec, "Audio"):
        options = {"sample_rate": sample_rate, "seconds": seconds} | units
        parts = _open_hub(spec, split, options)
        return _join(parts)
    if is_recordings(spec):
        refuse_test(split, "a list or dataset of sequences")
        return open_recordings(spec, sample_rate=sample_rate, seconds=seconds, **units)
    if not isinstance(spec, Path):
        raise TypeError(
            "sequences must be a folder, a file, an array, a tensor, a list or a dataset,"
            f" got {type(spec).__name__}"
        )
    is_arrays = is_array_file(spec) or key is not None
    if not is_arrays and (spec.is_dir() or file_ending(spec) in SOUND_ENDINGS):
        folder = SoundFolder(spec, sample_rate=sample_rate, seconds=seconds, memory=memory)
        return select_split(folder, split=split, noun="recordings", test_folder=split_folder)
    if not is_arrays:
        raise ValueError(
            f"{printable(str(spec))} is neither a folder of audio files nor an audio file nor a"
            f" file of arrays ({' '.join(ARRAY_ENDINGS)})"
            + (f": {CONVERT}" if file_ending(spec) in UNREAD_SOUNDS else "")
        )
    held = read_sequence_file(spec, key=key)
    train, test = _open_parts(
        held, spec.stem, {"sample_rate": sample_rate, "seconds": seconds} | units
    )
    if test is None:
        refuse_test(split, printable(spec.name))
        return train
    if split == "all":
        return Joined([train, test], name=f"{spec.stem}-all")
    return train if split == "train" else test


def _open_parts(
    held: SequenceFile, name: str, options: dict[str, Any]
) -> tuple[SequenceArray, SequenceArray | None]:
    """The training and the test set of a file, in the same units."""
    options = options | {"source_rate": held.sample_rate}
    part = held.train
    train = SequenceArray(
        part.values,
        offsets=part.offsets,
        name=name,
        notes=part.notes,
        names=part.names,
        **options,
    )
    if held.test is None:
        return train, None
    options |= {"center": train.center, "scale": train.scale}
    return train, SequenceArray(held.test.values, name=f"{name}-test", **options)


def _open_hub(spec: Any, split: Split, options: dict[str, Any]) -> list[SequenceSource]:
    """The parts of a Hugging Face dataset, with the sampling rate of the first."""
    sources: list[SequenceSource] = []
    for part in hub_parts(spec, split):
        sources.append(open_recordings(part, **options))
        options = options | {"sample_rate": sources[0].sample_rate}
    return sources


def label_sequences(spec: Any, *, labels: str | None = None, **options: Any) -> LabeledData:
    """Open sequences with the classes given by the folders or the file.

    Args:
        spec: Sequences, as in :func:`open_sequences`.
        labels: Name of the set of labels in a file with several; the first by default.
        options: Options of :func:`open_sequences`.

    Raises:
        ValueError: No labels, only one class, or labels that do not match the sequences.
    """
    if feature_columns(spec, "Audio"):
        return _label_hub(spec, labels, options)
    if not isinstance(spec, Path):
        raise ValueError(f"{type(spec).__name__} has no labels: pass them as `labels`")
    if spec.is_dir() and not is_array_file(spec):
        if labels is not None:
            raise ValueError(f"`labels` of a folder are its subfolders, got the name {labels!r}")
        folder = open_sequences(spec, split="all", **options)
        assert isinstance(folder, Folder)
        test_folder = options.get("split_folder")
        return label_folder(folder, noun="recordings", test_folder=test_folder)
    if file_ending(spec) in SOUND_ENDINGS:
        raise ValueError(f"{printable(spec.name)} has no labels: pass them as `labels`")
    key = options.pop("key", None)
    return _of_file(read_sequence_file(spec, key=key), spec, labels, options)


def _label_hub(spec: Any, labels: str | None, options: dict[str, Any]) -> LabeledData:
    """The training and the test split of a Hugging Face dataset, with their labels."""
    known = ("sample_rate", "seconds", "center", "scale")
    given = {name: options[name] for name in known if name in options}
    options = {"sample_rate": None, "seconds": 10.0} | given
    train = _open_hub(spec, "train", options)
    options |= {"sample_rate": train[0].sample_rate}
    if not has_test(spec):
        return with_labels(_join(train), _hub_classes(spec, "train", train, labels))
    test = _open_hub(spec, "test", options)
    return with_labels(
        *(_join(train), _hub_classes(spec, "train", train, labels)),
        *(_join(test), _hub_classes(spec, "test", test, labels)),
    )


def _hub_classes(
    spec: Any, split: Split, sources: list[SequenceSource], labels: str | None
) -> list[Any]:
    """The label of each segment."""
    classes: list[Any] = []
    for part, source in zip(hub_parts(spec, split), sources, strict=True):
        of_rows = hub_labels(part, labels)
        classes += [of_rows[row] for row in source.rows.tolist()]
    return classes


def _join(parts: list[SequenceSource]) -> Source:
    return parts[0] if len(parts) == 1 else Joined(parts, name="recordings")


def _of_file(
    held: SequenceFile, path: Path, labels: str | None, options: dict[str, Any]
) -> LabeledData:
    known = held.train.labels
    if not known:
        raise ValueError(f"{printable(path.name)} contains no labels: name them y or labels")
    name = labels or next(iter(known))
    check_choice(known, labels=name)
    kept = {k: v for k, v in options.items() if k not in ("memory", "split_folder")}
    train, test = _open_parts(held, path.stem, kept)
    train_labels = _each(known[name], train.rows, len(held.train))
    if test is None or held.test is None or name not in held.test.labels:
        return with_labels(train, train_labels)
    test_labels = _each(held.test.labels[name], test.rows, len(held.test))
    return with_labels(train, train_labels, test, test_labels)


def _each(labels: NDArray[Any], rows: Tensor, count: int) -> NDArray[Any]:
    """The label of each segment, given that rows can be skipped or split."""
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if len(flat) != count:
        raise ValueError(f"labels must be one per sequence, {count:,}, got {len(flat):,}")
    chosen: NDArray[Any] = flat[rows.numpy()]
    return chosen


def _recognize(preview: DataPreview) -> Confidence:
    """Recognise folders with more audio than images, and array files with a rate or offsets."""
    if feature_columns(preview.spec, "Audio") or holds_recordings(preview.spec):
        return Confidence.CERTAIN
    if preview.kind_of_items == "sequences":
        return Confidence.LIKELY
    shapes = {name.rpartition("/")[2].casefold(): shape for name, shape in preview.arrays.items()}
    rated = set(RATES) & set(shapes) and any(len(shape) in (1, 2, 3) for shape in shapes.values())
    if {"samples", "offsets"} <= set(shapes) or rated:
        return Confidence.LIKELY
    return Confidence.LIKELY if is_mostly_audio(preview.file_paths) else Confidence.NO


SEQUENCES = DataKind(
    name="sequences",
    open=open_sequences,
    label=label_sequences,
    recognizes=_recognize,
    endings=ARRAY_ENDINGS,
    implied_by=("sample_rate",),
)
"""How sequences are recognised and opened."""
