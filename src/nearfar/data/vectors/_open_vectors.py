"""Open vectors, with or without labels: arrays, tensors, array files, tables."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._array_files import ARRAY_ENDINGS
from nearfar.data._data_kind import Confidence, DataKind
from nearfar.data._files import printable
from nearfar.data._joined import Joined
from nearfar.data._label_names import TEST_LABELS
from nearfar.data._labeled_data import LABELS, LabeledData, with_labels
from nearfar.data._preview import DataPreview
from nearfar.data._source import Source
from nearfar.data._sparse_rows import SparseRows
from nearfar.data._specs import Split, array_of, refuse_test
from nearfar.data._table_kind import number_columns
from nearfar.data._tables import ROW_OPTIONS, TABLE_OPTIONS, Reading, is_frame
from nearfar.data.vectors._vector_arrays import VectorSource
from nearfar.data.vectors._vector_files import IN_ORDER, VectorFile, read_vector_file

__all__ = ["VECTORS", "label_vectors", "open_vectors"]

NAMED = ("x", "images", "data", "x_train")  # names of arrays of samples in a file


def open_vectors(
    spec: Any,
    *,
    split: Split = "train",
    exclude: tuple[str, ...] | str = (),
    include: tuple[str, ...] | str = (),
    columns: tuple[str, ...] | None = None,
    key: str | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
    header: bool | None = None,
    decimal: str | None = None,
    where: Mapping[str, Any] | tuple[str, ...] | str | None = None,
) -> Source:
    """Open a source of vectors.

    Args:
        spec: An N×D array or tensor, a file of arrays (``.npy``, ``.npz``, ``.safetensors``,
            ``.mat``, ``.h5``, ``.zarr``), or a table whose numeric columns
            are the features: a ``.csv``, ``.tsv``, ``.jsonl``, ``.parquet``, ``.arrow`` or
            ``.feather`` file, a folder of such files, or a table of pandas, polars or pyarrow.
        split: Samples to open if the data have an official test set: all others (``train``), the
            test set (``test``), or both (``all``).
        exclude: Columns of a table that are not features.
        include: Columns of a table that are features although they look like row numbers or labels.
        columns: Names of the features, in order, by which the columns of a table are selected; by
            default all numeric columns. Empty for the features of a run without names.
        key: Name of the array in a file with several, or of the column of a table that has each
            vector as a list; by default that of a usual name or the only one that fits.
        encoding: Encoding of a text file; by default determined from its bytes.
        delimiter: Character between the cells of a line; by default determined from the content.
        header: Whether the first row of a text file has the columns' names; by default determined
            from the content.
        decimal: Decimal mark of numbers, ``.`` (the default) or ``,``.
        where: Conditions on the rows of a table: ``split=train``, or ``{"split": "train"}``.

    Raises:
        TypeError: Non-numeric data, or a file that only unpickling could read.
        ValueError: Unusable data; the message gives the reason.
    """
    if not isinstance(spec, Path) and not is_frame(spec):
        refuse_test(split, "an array")
        for name, given in (("exclude", exclude), ("include", include)):
            if given:
                raise ValueError(f"`{name}` is for tables: an array has no column {given[0]!r}")
        notes = (IN_ORDER.format("the array"),) if columns else ()
        return VectorSource(_array(spec), name="array", notes=notes)
    held = read_vector_file(
        spec,
        exclude=_names(exclude),
        include=_names(include),
        columns=columns,
        key=key,
        reading=Reading.of(locals()),
    )
    return _of_file(held, spec, split)


def _names(given: tuple[str, ...] | str) -> tuple[str, ...]:
    return tuple(given.split(",")) if isinstance(given, str) else tuple(map(str, given))


def _array(spec: Any) -> NDArray[Any] | SparseRows:
    """An array of an array, a tensor, or anything that NumPy takes for one; rows of sparse ones."""
    if isinstance(spec, SparseRows):
        return spec
    values: Any = array_of(spec)
    if isinstance(values, np.ndarray):
        return values
    try:
        return np.asarray(values)
    except (TypeError, ValueError) as error:
        kind = type(spec).__name__
        raise TypeError(f"vectors must be N×D numbers, got {kind}: {error}") from None


def _of_file(held: VectorFile, spec: Any, split: Split) -> Source:
    """Select a split of a file."""
    path = spec if isinstance(spec, Path) else Path("table")
    name = path.name.split(".")[0] or path.name
    train = VectorSource(
        held.vectors,
        name=name,
        columns=held.columns,
        notes=held.notes,
        rows=held.rows,
        place=held.place,
        names=held.names,
    )
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


def label_vectors(spec: Any, *, labels: str | None = None, **options: Any) -> LabeledData:
    """Open vectors with the classes given by the file.

    Args:
        spec: Vectors, as in :func:`open_vectors`.
        labels: Column of a table with the classes; by default one that is called like labels.
        options: Options of :func:`open_vectors`.

    Raises:
        ValueError: No labels, only one class, or labels that do not match the vectors.
    """
    if not isinstance(spec, Path) and not is_frame(spec):
        raise ValueError(f"{type(spec).__name__} has no labels: pass them as `labels`")
    name = printable(spec.name) if isinstance(spec, Path) else "the table"
    reading = Reading.of(options | {"labels": labels})
    others = {key: _names(options.get(key, ())) for key in ("exclude", "include")}
    held = read_vector_file(
        spec,
        # a run may have excluded the column of labels, which is read here nevertheless
        **{key: tuple(n for n in names if n != labels) for key, names in others.items()},
        columns=options.get("columns"),
        key=options.get("key"),
        labels=labels,
        find_labels=True,
        reading=reading,
    )
    if held.labels is None:
        raise ValueError(
            f"{name} contains no labels: name the array y, or specify a table's"
            f" column with `labels` ({', '.join(LABELS[:7])} are found by name)"
        )
    train = _of_file(held, spec, "train")
    if held.test_vectors is None or held.test_labels is None:
        return with_labels(train, held.labels)
    return with_labels(train, held.labels, _of_file(held, spec, "test"), held.test_labels)


def _recognize(preview: DataPreview) -> Confidence:
    """Recognise arrays with two axes, in memory or in a file, and tables in memory."""
    if preview.holds_numbers:
        return Confidence.LIKELY
    if preview.kind_of_items == "vectors":
        return Confidence.LIKELY
    if is_frame(preview.spec):  # opening says what is missing
        return Confidence.PERHAPS
    axes, shapes = preview.axes, preview.arrays
    if shapes:
        folded = {name.lower(): shape for name, shape in shapes.items()}
        named = [folded[name] for name in NAMED if name in folded]
        others = [s for name, s in folded.items() if name not in (*LABELS, *TEST_LABELS)]
        axes = len([*named, *others][0]) if named or len(others) == 1 else None
    return Confidence.LIKELY if axes == 2 else Confidence.NO


def _admits(preview: DataPreview) -> bool:
    """Whether data can be vectors: tables with a column of numbers."""
    return preview.table is not None and bool(number_columns(preview.table))


VECTORS = DataKind(
    name="vectors",
    open=open_vectors,
    label=label_vectors,
    recognizes=_recognize,
    admits=_admits,
    endings=ARRAY_ENDINGS,
    own_options=TABLE_OPTIONS,
    row_options=ROW_OPTIONS,
)
"""How vectors are recognised and opened."""
"""How vectors are recognised and opened."""
