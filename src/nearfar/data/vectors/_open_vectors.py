"""Open vectors, with or without labels: arrays, tensors, array files, tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._array_files import ARRAY_ENDINGS
from nearfar.data._data_kind import Confidence, DataKind
from nearfar.data._files import printable
from nearfar.data._joined import Joined
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source
from nearfar.data._specs import Split, array_of, refuse_test
from nearfar.data.vectors._vector_arrays import VectorSource
from nearfar.data.vectors._vector_files import VectorFile, read_vector_file

__all__ = ["VECTORS", "label_vectors", "open_vectors"]

NAMED = ("x", "images", "data", "x_train")  # names of arrays of samples in a file


def open_vectors(
    spec: Path | NDArray[Any] | Tensor,
    *,
    split: Split = "train",
    exclude: tuple[str, ...] = (),
    key: str | None = None,
) -> Source:
    """Open a source of vectors.

    Args:
        spec: An N×D array or tensor, a ``.npy`` or ``.npz`` file, or a table (``.csv``, ``.tsv``,
            ``.parquet``) whose numeric columns are the features.
        split: Samples to open if the data have an official test set: all others (``train``), the
            test set (``test``), or both (``all``).
        exclude: Columns of a table that are not features, such as row numbers and classes.
        key: Name of the array in a file with several; by default that of a usual name or the only
            one that fits.

    Raises:
        TypeError: Non-numeric data, or a file that only unpickling could read.
        ValueError: Unusable data; the message gives the reason.
    """
    if not isinstance(spec, Path):
        refuse_test(split, "an array")
        if exclude:
            raise ValueError(f"`exclude` is for tables: an array has no column {exclude[0]!r}")
        return VectorSource(array_of(spec), name="array")
    return _of_file(read_vector_file(spec, exclude=exclude, key=key), spec, split)


def _of_file(held: VectorFile, path: Path, split: Split) -> Source:
    """Select a split of a file."""
    name = path.name.split(".")[0] or path.name
    train = VectorSource(held.vectors, name=name, columns=held.columns, notes=held.notes)
    if held.test_vectors is None:
        refuse_test(split, printable(path.name))
        return train
    if split == "train":
        return train
    test = VectorSource(held.test_vectors, name=f"{name}-test")
    if test.dim != train.dim:
        raise ValueError(
            f"{printable(path.name)}: x_test must have the {train.dim} columns of x, got {test.dim}"
        )
    return test if split == "test" else Joined([train, test], name=f"{name}-all")


def label_vectors(
    spec: Path | NDArray[Any] | Tensor,
    *,
    labels: str | None = None,
    exclude: tuple[str, ...] = (),
    key: str | None = None,
) -> LabeledData:
    """Open vectors with the classes given by the file.

    Args:
        spec: Vectors, as in :func:`open_vectors`.
        labels: Column of a table with the classes.
        exclude: Columns of a table that are not features.
        key: Name of the array in a file with several.

    Raises:
        ValueError: No labels, only one class, or labels that do not match the vectors.
    """
    if not isinstance(spec, Path):
        raise ValueError(f"{type(spec).__name__} has no labels: pass them as `labels`")
    # a run may have excluded the column of labels, which is read here nevertheless
    others = tuple(name for name in exclude if name != labels)
    held = read_vector_file(spec, exclude=others, labels=labels, key=key)
    if held.labels is None:
        raise ValueError(
            f"{printable(spec.name)} contains no labels: name the array y, or specify a table's"
            " column with `labels`"
        )
    train = _of_file(held, spec, "train")
    if held.test_vectors is None or held.test_labels is None:
        return with_labels(train, held.labels)
    return with_labels(train, held.labels, _of_file(held, spec, "test"), held.test_labels)


def _recognize(preview: DataPreview) -> Confidence:
    """Recognise arrays with two axes, in memory or in a file."""
    axes, shapes = preview.axes, preview.arrays
    if shapes:
        folded = {name.lower(): shape for name, shape in shapes.items()}
        named = [folded[name] for name in NAMED if name in folded]
        axes = len([*named, *shapes.values()][0]) if named or len(shapes) == 1 else None
    return Confidence.LIKELY if axes == 2 else Confidence.NO


VECTORS = DataKind(
    name="vectors",
    open=open_vectors,
    label=label_vectors,
    recognizes=_recognize,
    endings=ARRAY_ENDINGS,
)
"""How vectors are recognised and opened."""
