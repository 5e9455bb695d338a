"""Texts with labels: a column of a table."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._labelled_data import LabelledData, with_labels
from nearfar.data.text._columns import label_column
from nearfar.data.text._open_text import Opened, opened_text

__all__ = ["label_text"]


def label_text(spec: Any, *, labels: str | None = None, **options: Any) -> LabelledData:
    """Texts and their classes, a column of the same table.

    Args:
        spec: As for :func:`open_text`; a list or a file of lines has no labels.
        labels: Column of the classes; ``label``, ``labels``, ``y``, ``class``, ``target`` or
            ``category`` if not given.
        options: As for :func:`open_text`.

    Raises:
        ValueError: No labels, one class only, a text without one, or labels of the test set that
            the training set lacks.
    """
    opened = opened_text(spec, **options)
    train_labels = _labels_of(opened, labels)
    try:
        test = opened_text(spec, **options | {"split": "test"})
    except ValueError as error:
        if "no official test set" not in str(error):
            raise
        return with_labels(opened.source, train_labels)
    return with_labels(opened.source, train_labels, test.source, _labels_of(test, labels))


def _labels_of(opened: Opened, labels: str | None) -> NDArray[Any]:
    if opened.table is None:
        raise ValueError(f"{opened.source.name} has no labels: give them as `labels`")
    name = label_column(opened.table, labels)
    column = opened.table.column(name, option="labels")
    values = [column[row] for row in opened.source.kept.tolist()]
    missing = [row for row, value in enumerate(values) if value is None or value == ""]
    if missing:
        raise ValueError(
            f"column {name!r} of {opened.table.name} must name a class for each text, got none in"
            f" {len(missing):,} of {len(values):,}, the first at"
            f" {opened.source.identify(missing[0])}"
        )
    return np.asarray(values)
