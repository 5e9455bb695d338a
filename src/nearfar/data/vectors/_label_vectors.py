"""Vectors with labels: arrays in files, and columns of tables."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._files import printable
from nearfar.data._labelled_data import LabelledData, with_labels
from nearfar.data.vectors._files import read_vector_file
from nearfar.data.vectors._open_vectors import of_file

__all__ = ["label_vectors"]


def label_vectors(
    spec: Path | NDArray[Any] | Tensor, *, labels: str | None = None, exclude: tuple[str, ...] = ()
) -> LabelledData:
    """Vectors and their classes, as the file says.

    Args:
        spec: As for :func:`open_vectors`.
        labels: The column of a table that holds the classes.
        exclude: As for :func:`open_vectors`.

    Raises:
        ValueError: No labels, one class only, or labels that do not fit the vectors.
    """
    if not isinstance(spec, Path):
        raise ValueError(f"{type(spec).__name__} has no labels: give them as `labels`")
    # a run that left the labels out has said so, and they are asked for here all the same
    others = tuple(name for name in exclude if name != labels)
    held = read_vector_file(spec, exclude=others, labels=labels)
    if held.labels is None:
        raise ValueError(
            f"{printable(spec.name)} holds no labels: name the array y, or a table's column"
            " by `labels`"
        )
    train = of_file(held, spec, "train")
    if held.test_vectors is None or held.test_labels is None:
        return with_labels(train, held.labels)
    return with_labels(train, held.labels, of_file(held, spec, "test"), held.test_labels)
