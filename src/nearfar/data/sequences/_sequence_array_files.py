"""Read sequences from `.npy` and `.npz` files, without unpickling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearfar.data._files import printable
from nearfar.data._labeled_data import LABELS, TEST_LABELS
from nearfar.data._numpy_files import map_array, open_arrays

__all__ = ["SequenceFile", "SequencePart", "read_sequence_file"]

VALUES = ("x", "sequences", "series", "data", "x_train")
TEST_VALUES = ("x_test",)
AROUND = ("samples", "offsets", "sample_rate")


@dataclass(frozen=True)
class SequencePart:
    """Sequences and their labels.

    Attributes:
        values: Array of shape N×time or N×channels×time; with `offsets`, all sequences
            concatenated, of shape time or time×channels.
        offsets: Start of each sequence in `values`, and the end of the last.
        labels: Sets of labels by name, with one label per sequence; the first is the default.
    """

    values: NDArray[Any]
    offsets: NDArray[Any] | None = None
    labels: Mapping[str, NDArray[Any]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.values) if self.offsets is None else len(self.offsets) - 1


@dataclass(frozen=True)
class SequenceFile:
    """Sequences, test set and sampling rate in a file."""

    train: SequencePart
    test: SequencePart | None = None
    sample_rate: int | None = None


def read_sequence_file(path: Path) -> SequenceFile:
    """Read a `.npy` file (memory-mapped) or a `.npz` file.

    In a `.npz` file, sequences of any length are concatenated in ``samples``, with ``offsets``;
    sequences of equal length are the array named ``x``, ``sequences``, ``series``, ``data`` or
    ``x_train``, or the only array that can be sequences. With ``sample_rate`` they are audio.
    Labels are ``y``, ``labels``, ``label``, ``targets`` or ``y_train``, or arrays of any other name
    with one entry per sequence; ``x_test`` with ``y_test`` is an official test set.

    Raises:
        TypeError: An array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged, or the array of sequences is ambiguous.
    """
    if path.suffix.lower() == ".npy":
        return SequenceFile(SequencePart(map_array(path)))
    with open_arrays(path) as arrays:
        return _choose(dict(arrays), printable(path.name))


def _choose(arrays: dict[str, NDArray[Any]], name: str) -> SequenceFile:
    rate = int(arrays["sample_rate"]) if "sample_rate" in arrays else None
    if "samples" in arrays or "offsets" in arrays:
        missing = {"samples", "offsets"} - set(arrays)
        if missing:
            raise ValueError(
                f"{name} contains samples or offsets without the other: {missing.pop()}"
            )
        part = SequencePart(arrays["samples"], arrays["offsets"])
        return SequenceFile(
            SequencePart(part.values, part.offsets, _labels(arrays, len(part))), None, rate
        )
    key = next((known for known in VALUES if known in arrays), None)
    if key is None:
        fitting = [k for k, a in arrays.items() if a.ndim in (2, 3) and a.dtype.kind in "iuf"]
        if len(fitting) != 1:
            held = ", ".join(f"{k} ({a.dtype} {a.shape})" for k, a in arrays.items())
            raise ValueError(
                f"the array of sequences in {name} is ambiguous: name it x, or samples with"
                f" offsets; the file contains {held or 'nothing'}"
            )
        key = fitting[0]
    values = arrays.pop(key)
    test_values = next((arrays.pop(k) for k in TEST_VALUES if k in arrays), None)
    test_labels = next((arrays.pop(k) for k in TEST_LABELS if k in arrays), None)
    test = None
    if test_values is not None:
        given = {} if test_labels is None else {"class": test_labels}
        test = SequencePart(test_values, labels=given)
    known = next((arrays[k] for k in LABELS if k in arrays), None)
    labels = _labels(arrays, len(values)) if known is None else {"class": known}
    return SequenceFile(SequencePart(values, labels=labels), test, rate)


def _labels(arrays: Mapping[str, NDArray[Any]], count: int) -> dict[str, NDArray[Any]]:
    """All arrays with one integer or string per sequence, common names of labels first."""
    fitting = [
        key
        for key, array in arrays.items()
        if key not in AROUND and array.shape == (count,) and array.dtype.kind in "biuUS"
    ]
    fitting.sort(key=lambda key: key not in LABELS)
    return {key: arrays[key] for key in fitting}
