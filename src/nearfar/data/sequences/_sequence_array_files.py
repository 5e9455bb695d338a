"""Sequences and labels in files of arrays."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._array_choice import choose_arrays, find_name
from nearfar.data._array_entries import RATES, ArrayFile
from nearfar.data._array_files import open_array_file
from nearfar.data._labeled_data import LABELS

__all__ = ["SequenceFile", "SequencePart", "read_sequence_file"]

VALUES = ("x", "sequences", "series", "data", "x_train")
TEST_VALUES = ("x_test",)
AROUND = ("samples", "offsets", *RATES)


@dataclass(frozen=True)
class SequencePart:
    """Sequences and their labels.

    Attributes:
        values: Array of shape N×time or N×channels×time; with `offsets`, all sequences
            concatenated, of shape time or time×channels.
        offsets: Start of each sequence in `values`, and the end of the last.
        labels: Sets of labels by name, with one label per sequence; the first is the default.
        notes: Notes for the user.
        names: Name of each sequence, if it has a file of its own.
    """

    values: NDArray[Any]
    offsets: NDArray[Any] | None = None
    labels: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] | None = None

    def __len__(self) -> int:
        return len(self.values) if self.offsets is None else max(0, len(self.offsets) - 1)


@dataclass(frozen=True)
class SequenceFile:
    """Sequences, test set and sampling rate in a file."""

    train: SequencePart
    test: SequencePart | None = None
    sample_rate: int | None = None


def read_sequence_file(path: Path, *, key: str | None = None) -> SequenceFile:
    """Read sequences and labels from a file of arrays (:mod:`nearfar.data._array_files`).

    Sequences of any length are concatenated in ``samples``, with ``offsets``; sequences of equal
    length are the array named ``x``, ``sequences``, ``series``, ``data`` or ``x_train``, or the
    only array that can be sequences. With ``sample_rate`` (or ``fs``, ``sr``), an array or in HDF5
    and Zarr an attribute, they are audio, and an array with one axis is one recording.
    Labels are ``y``, ``labels``, ``label``, ``targets`` or ``y_train``, or arrays of any other name
    with one entry per sequence; ``x_test`` with ``y_test`` is an official test set.

    Args:
        path: The file.
        key: Name of the array of sequences; chosen as described by default.

    Raises:
        ImportError: An optional library is missing.
        TypeError: An array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged, or the array of sequences is ambiguous.
    """
    with open_array_file(path) as file:
        rate, said = _rate(file)
        if key is None and ("samples" in file or "offsets" in file):
            part = _concatenated(file)
            return SequenceFile(
                replace(part, notes=(*file.notes, *said), names=file.names), None, rate
            )
        several = any(len(shape) in (2, 3) and max(shape) > 1 for shape in file.shapes.values())
        axes = (2, 3) if several or rate is None else (1,)
        found = choose_arrays(
            file,
            names=VALUES,
            test_names=TEST_VALUES,
            axes=axes,
            noun="sequences",
            key=key,
            others=RATES,
        )
        values = found.values
        if rate is not None and values.ndim == 1:
            values, said = values[None], (*said, "the array is one recording")
        labels = found.labels or _labels(file, len(values))
    train = SequencePart(values, labels=labels, notes=(*found.notes, *said), names=found.names)
    test = None
    if found.test_values is not None:
        test = SequencePart(found.test_values, labels=found.test_labels)
    return SequenceFile(train, test, rate)


def _rate(file: ArrayFile) -> tuple[int | None, tuple[str, ...]]:
    """The sampling rate, and a note on where it is from."""
    name = find_name(file, RATES)
    if name is None:
        return None, ()
    rate = file[name].reshape(-1)
    is_number = rate.size == 1 and rate.dtype.kind in "iuf"
    if not is_number or not 1 <= rate[0] == np.rint(rate[0]) < np.inf:
        raise ValueError(f"{name} in {file.name} must be one whole number in Hz, got {rate}")
    return int(rate[0]), (f"read as audio of {int(rate[0]):,} Hz, the number {name} of the file",)


def _concatenated(file: ArrayFile) -> SequencePart:
    missing = {"samples", "offsets"} - set(file)
    if missing:
        raise ValueError(
            f"{file.name} contains samples or offsets without the other: {missing.pop()}"
        )
    part = SequencePart(file["samples"], np.atleast_1d(file["offsets"]))
    return SequencePart(part.values, part.offsets, _labels(file, len(part)))


def _labels(file: ArrayFile, count: int) -> dict[str, NDArray[Any]]:
    """All arrays with one integer or string per sequence, common names of labels first."""
    fitting = {
        key: file[key]
        for key, shape in file.shapes.items()
        if key not in AROUND and shape == (count,)
    }
    known = [key for key, array in fitting.items() if array.dtype.kind in "biuUS"]
    known.sort(key=lambda key: key not in LABELS)
    return {key: fitting[key] for key in known}
