"""Open vectors: an array, a tensor, a file of arrays, a table."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._files import printable
from nearfar.data._joined import Joined
from nearfar.data._source import Source
from nearfar.data._specs import Split, array_of, refuse_test
from nearfar.data.vectors._files import VectorFile, read_vector_file
from nearfar.data.vectors._vectors import VectorSource

__all__ = ["of_file", "open_vectors"]


def open_vectors(
    spec: Path | NDArray[Any] | Tensor, *, split: Split = "train", exclude: tuple[str, ...] = ()
) -> Source:
    """A source of vectors.

    Args:
        spec: An array or tensor N×D, a ``.npy`` or ``.npz`` file, or a table (``.csv``, ``.tsv``,
            ``.parquet``) whose columns of numbers are the features.
        split: Where data come with an official test set: everything but that set (``train``), that
            set alone, or all.
        exclude: Columns of a table that are no features, such as numbers of rows and classes.

    Raises:
        TypeError: Something that holds no numbers, or that only unpickling could read.
        ValueError: The data cannot be used; the reason is said.
    """
    if not isinstance(spec, Path):
        refuse_test(split, "an array")
        if exclude:
            raise ValueError(f"`exclude` is for tables: an array has no column {exclude[0]!r}")
        return VectorSource(array_of(spec), name="array")
    return of_file(read_vector_file(spec, exclude=exclude), spec, split)


def of_file(held: VectorFile, path: Path, split: Split) -> Source:
    """The part of a file that was asked for."""
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
