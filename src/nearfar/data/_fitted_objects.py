"""Lists, datasets, sparse matrices and tables in the form that a modality opens."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset

from nearfar.data._columnar_files import is_frame
from nearfar.data._files import list_names
from nearfar.data._foreign_objects import Taken, refuse_foreign
from nearfar.data._hub_datasets import feature_columns, hub_labels, hub_parts, is_hub
from nearfar.data._hub_tables import hub_frame, picture_column
from nearfar.data._item_labels import item_labels
from nearfar.data._items import (
    Entries,
    Items,
    is_batched,
    is_listed,
    joined_batches,
    kind_of_items,
    matrix_of_items,
    sample_of,
)
from nearfar.data._label_names import LABELS
from nearfar.data._source import Source
from nearfar.data._sparse_rows import GraphParts, SparseRows
from nearfar.data._specs import Split, array_of
from nearfar.data._tables import table_of_frame

__all__ = ["carried_labels", "fitted", "labels_of_rows"]

Fit = tuple[Any, tuple[str, ...]]
"""What a modality opens, and notes."""


def fitted(spec: Any, kind: str, *, split: Split, options: Mapping[str, Any]) -> Fit:
    """Data in the form that a built-in modality opens, and notes on the conversion.

    Args:
        spec: Data, as :func:`nearfar.data._foreign_objects.taken` returns them.
        kind: Name of the modality.
        split: Which part of data with an official test set.
        options: Options of the modality.

    Raises:
        TypeError: Data that the modality cannot be made of; the message says what to pass.
        ValueError: Vectors of different lengths.
    """
    if kind not in WAYS:
        return (spec.given if isinstance(spec, Taken) else spec), ()
    data, notes = (spec.data, spec.notes) if isinstance(spec, Taken) else (spec, ())
    refuse_foreign(data)
    if data is None or isinstance(data, (str, Path, np.ndarray)):
        return data, notes
    found, more = WAYS[kind](data, split, options)
    return found, (*notes, *more)


def carried_labels(spec: Any, kind: str, key: str | None, *, split: Split = "train") -> Any:
    """Labels that the items of data carry; None for data of which the modality finds the labels.

    Args:
        spec: Data, as :func:`nearfar.data._foreign_objects.taken` returns them.
        kind: Name of the modality.
        key: Name of the labels in items that are mappings, or their column.
        split: Which part of data with an official test set.

    Raises:
        ValueError: A list or a dataset whose items have no labels.
    """
    if isinstance(spec, Taken):
        if spec.labels:
            return _labels_called(spec.labels, key)
        spec = spec.data
    if kind not in ("images", "sequences", "text", "vectors"):
        return None
    if is_hub(spec) and kind == "vectors":
        return [label for part in hub_parts(spec, split) for label in hub_labels(part, key)]
    if isinstance(spec, SparseRows):
        raise ValueError("a sparse matrix has no labels: pass them as `labels`")
    if kind == "images" and picture_column(spec) is not None:
        columns = table_of_frame(spec).columns
        names = [key] if key else [name for name in columns if name.strip().lower() in LABELS]
        if not names or names[0] not in columns:
            raise ValueError(
                f"`labels` must be a column of the table, got {key!r}: it has"
                f" {list_names(list(columns))}"
            )
        return columns[names[0]]
    if not is_listed(spec) or is_hub(spec) or _are_words(spec):
        return None
    labels = item_labels(spec, key)
    if labels and all(isinstance(label, list) for label in labels) and is_batched(spec):
        return [label for batch in labels for label in batch]
    return labels


def labels_of_rows(source: Source, labels: Any) -> Any:
    """The label of each sample of a source, which may lack rows or have several of one.

    Args:
        source: The opened data.
        labels: One label for each item of the data.
    """
    root = source.root
    rows = getattr(root, "rows", getattr(root, "kept", None))
    if rows is None or not hasattr(labels, "__len__"):
        return labels
    return [labels[row] for row in rows.tolist() if row < len(labels)]


def _images(data: Any, split: Split, options: Mapping[str, Any]) -> Fit:
    if is_frame(data):
        column = picture_column(data)
        if column is None:
            return data, ()
        columns = table_of_frame(data).columns
        others = [name for name in columns if name != column]
        notes = (f"images are column {column!r}; not used: {list_names(others)}",)
        return Items(columns[column], name="table"), notes if others else ()
    if is_batched(data):
        return joined_batches([sample_of(data[row]) for row in range(len(data))], data)
    if not isinstance(data, (list, tuple)) or not data:
        return data, ()
    arrays = [value for value in data if isinstance(value, (np.ndarray, Tensor))]
    kinds = {(value.shape, value.dtype) for value in arrays}
    if len(arrays) == len(data) and len(kinds) == 1 and arrays[0].ndim in (2, 3):
        return np.stack([array_of(value) for value in arrays]), ()
    return Items(data, name="images"), ()


def _sequences(data: Any, split: Split, options: Mapping[str, Any]) -> Fit:
    if feature_columns(data, "Audio"):
        return data, ()
    if is_hub(data) or is_frame(data):
        raise TypeError(
            f"`data` must be series to be sequences, got a {type(data).__name__}: pass"
            " [numpy.asarray(values) for values in data[COLUMN]]"
        )
    if not is_listed(data) or not len(data):
        return data, ()
    first = data[0]
    if isinstance(first, (list, Mapping)) and kind_of_items(data) in ("sequences", "vectors"):
        return [sample_of(data[row]) for row in range(len(data))], ()
    return data, ()


def _text(data: Any, split: Split, options: Mapping[str, Any]) -> Fit:
    if not is_listed(data) or is_hub(data) or _are_words(data):
        return data, ()
    texts = [sample_of(data[row]) for row in range(len(data))]
    for row, text in enumerate(texts):
        if text is not None and not isinstance(text, str):
            raise TypeError(
                f"`data` must be texts, got {type(text).__name__} in row {row} of a"
                f" {type(data).__name__}"
            )
    return texts, ()


def _vectors(data: Any, split: Split, options: Mapping[str, Any]) -> Fit:
    if is_hub(data):
        if feature_columns(data, "Image") or feature_columns(data, "Audio"):
            raise TypeError(
                "`data` must be numbers to be vectors, got a dataset of files: pass"
                " data.select_columns([COLUMN])"
            )
        return hub_frame(data, split), ()
    if not is_listed(data) or not len(data):
        return data, ()
    return matrix_of_items(data)


def _graphs(data: Any, split: Split, options: Mapping[str, Any]) -> Fit:
    if not isinstance(data, SparseRows):
        return data, ()
    return GraphParts.of_adjacency(data, {}), ()


def _pairs(data: Any, split: Split, options: Mapping[str, Any]) -> Fit:
    named = [options.get(name) for name in ("x", "s")]
    if is_hub(data):
        return hub_frame(data, split), ()
    if is_frame(data):
        columns = table_of_frame(data).columns
        sides = [list(columns[name]) for name in named if name is not None and name in columns]
        if len(sides) < 2 or not any(map(_are_pictures, sides)):
            return data, ()  # opened as a table
        data = tuple(sides)
    elif is_listed(data) and data and not _are_words(data):
        first = data[0]
        if isinstance(first, Mapping) and not {*named} <= {*first}:
            keys = list_names(list(map(str, first)))
            raise ValueError(
                "`x` and `s` must be keys of the items of pairs, got"
                f" {' and '.join(map(str, named))}: the keys are {keys}"
            )
        if isinstance(first, (Mapping, tuple)) and len(first) > 1:
            places: list[Any] = named if isinstance(first, Mapping) else [0, 1]
            data = tuple(Entries(data, place) for place in places)
    if not isinstance(data, tuple) or len(data) != 2:
        return data, ()
    if not any(isinstance(side, (Taken, Dataset)) or _are_pictures(side) for side in data):
        return data, ()
    return tuple(side if isinstance(side, Taken) else Taken(side, side) for side in data), ()


def _labels_called(labels: Mapping[str, Any], key: str | None) -> Any:
    """The labels of a name, by default of a usual one."""
    usual = next((name for name in labels if name.lower() in LABELS), None)
    name = usual if key is None else key
    if name is None or name not in labels:
        raise ValueError(
            f"`labels` must be one label per sample or the name of them, got {key!r}: the arrays"
            f" with one value per sample are {list_names(list(labels))}"
        )
    values = labels[name]
    return array_of(values).tolist() if isinstance(values, Tensor) else values


def _are_words(data: Any) -> bool:
    """Whether a list has nothing but texts, which is not read as items."""
    return isinstance(data, (list, tuple)) and all(isinstance(t, str) or t is None for t in data)


def _are_pictures(side: Any) -> bool:
    return isinstance(side, list) and bool(side) and isinstance(side[0], Image.Image)


WAYS: dict[str, Callable[[Any, Split, Mapping[str, Any]], Fit]] = {
    "images": _images,
    "sequences": _sequences,
    "text": _text,
    "graphs": _graphs,
    "vectors": _vectors,
    "pairs": _pairs,
}
