"""Labels of any origin as classes: words or whole numbers, one per sample."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._array_files import ARRAY_ENDINGS, array_ending, open_array_file
from nearfar.data._files import counted, file_ending, list_names, printable
from nearfar.data._specs import array_of
from nearfar.data._tables import TABLE_ENDINGS, Reading, Table, is_frame, read_lines, read_table

__all__ = ["LABELS", "TEST_LABELS", "ClassLabels", "is_label_file", "read_classes", "read_labels"]

LABELS = (
    *("y", "labels", "label", "targets", "target", "class", "category"),
    *("y_train", "train_labels"),
)
"""Names of arrays and columns that are recognised as labels."""
TEST_LABELS = ("y_test", "test_labels")
_WHOLE = re.compile(r"[+-]?(?:0|[1-9][0-9]*)(?:\.0*)?")
_SHOWN = 3


@dataclass(frozen=True)
class ClassLabels:
    """One class per sample.

    Attributes:
        values: The classes, as int64 or str.
        notes: Notes on what was changed.
    """

    values: NDArray[Any]
    notes: tuple[str, ...] = ()


def read_classes(labels: Any, *, identify: Callable[[int], str] = "row {}".format) -> ClassLabels:
    """Convert labels to classes.

    Words are stripped of blanks. Whole numbers are classes as integers, as text and as floating
    point numbers, so that ``1``, ``"1"`` and ``1.0`` are one class.

    Args:
        labels: A list, an array (N, N×1 or one hot is refused), a tensor, a column of pandas,
            polars or pyarrow, a categorical, or a table of one column.
        identify: Name of a sample, for messages.

    Raises:
        TypeError: Entries that are neither words nor whole numbers.
        ValueError: Several columns, or a missing label; the message names the sample.

    Example:
        >>> read_classes(["b", "a ", "b"]).values.tolist(), read_classes([0.0, 1.0]).values.tolist()
        (['b', 'a', 'b'], [0, 1])
    """
    values = _listed(labels)
    missing = [row for row, value in enumerate(values) if _is_missing(value)]
    if missing:
        places = list_names([identify(row) for row in missing], most=_SHOWN)
        raise ValueError(
            f"labels must be given for each sample, got none in {len(missing):,} of"
            f" {len(values):,}: {places}"
        )
    if all(isinstance(value, (bool, np.bool_)) for value in values):
        return ClassLabels(np.asarray([str(bool(value)) for value in values], dtype=np.str_))
    if all(isinstance(value, (str, bytes, np.str_, np.bytes_)) for value in values):
        return _of_words([v.decode() if isinstance(v, bytes) else str(v) for v in values])
    whole = [_whole(value, row, identify) for row, value in enumerate(values)]
    try:
        return ClassLabels(np.asarray(whole, dtype=np.int64))
    except OverflowError:  # identifiers of more than 64 bits
        return ClassLabels(np.asarray([str(number) for number in whole], dtype=np.str_))


def _listed(labels: Any) -> list[Any]:
    """The entries as Python objects."""
    if isinstance(labels, Tensor):
        labels = array_of(labels)
    if is_frame(labels):
        columns = [str(name) for name in getattr(labels, "column_names", None) or labels.columns]
        if len(columns) != 1:
            raise ValueError(
                f"labels must be one column, got {len(columns)}: {list_names(columns)}"
            )
        labels = (
            labels[columns[0]]
            if hasattr(labels, "column_names")
            else labels.iloc[:, 0]
            if (hasattr(labels, "iloc"))
            else labels[columns[0]]
        )
    for method in ("to_pylist", "tolist", "to_list"):  # pyarrow, pandas and NumPy, polars
        if hasattr(labels, method) and not isinstance(labels, (list, tuple)):
            if getattr(labels, "ndim", 1) == 2 and labels.shape[1] == 1:
                labels = labels[:, 0]
            if getattr(labels, "ndim", 1) != 1:
                raise ValueError(f"labels must be one per sample, got shape {labels.shape}")
            return list(getattr(labels, method)())
    values = [v[0] if isinstance(v, (list, tuple)) and len(v) == 1 else v for v in labels]
    return [v.item() if isinstance(v, (Tensor, np.ndarray)) and v.size == 1 else v for v in values]


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def _of_words(words: list[str]) -> ClassLabels:
    stripped = [word.strip() for word in words]
    if all(_WHOLE.fullmatch(word) for word in stripped):
        try:
            return ClassLabels(np.asarray([int(word.split(".")[0]) for word in stripped], np.int64))
        except (OverflowError, ValueError):
            pass  # identifiers of more than 64 bits stay words
    before, after = len(set(words)), len(set(stripped))
    notes: tuple[str, ...] = ()
    if after < before:
        changed = [repr(w) for w in dict.fromkeys(words) if w != w.strip()]
        said = f"{before} labels are {counted(after, 'class').replace('classs', 'classes')}"
        notes = (f"{said} without the blanks around them: {list_names(changed)}",)
    return ClassLabels(np.asarray(stripped, dtype=np.str_), notes)


def _whole(value: Any, row: int, identify: Callable[[int], str]) -> int:
    if isinstance(value, (str, bytes)):
        raise TypeError(
            f"labels must be all words or all whole numbers, got {value!r} at {identify(row)}"
        )
    whole: int | None = None
    with suppress(TypeError, ValueError, OverflowError):
        whole = int(value)
    if whole is None or whole != value:
        raise TypeError(
            f"labels must be words or whole numbers, got {value!r} at {identify(row)}: probes need"
            " classes"
        )
    return whole


def is_label_file(path: Path) -> bool:
    """Whether a name is that of a file that can contain labels.

    >>> is_label_file(Path("labels.csv.gz")), is_label_file(Path("species"))
    (True, False)
    """
    return file_ending(path) in (".txt", *TABLE_ENDINGS) or bool(array_ending(path))


def read_labels(path: Path) -> Sequence[Any] | NDArray[Any]:
    """Labels from a file: an array, one label per line, or a column of a table.

    In a file with several arrays or columns, the labels are the one with a common name of labels.

    Raises:
        FileNotFoundError: No such file.
        ValueError: Several arrays or columns and none with such a name.
    """
    shown = printable(path.name)
    if not path.exists():
        raise FileNotFoundError(f"`labels`: no file {printable(str(path))}")
    if array_ending(path):
        with open_array_file(path) as arrays:
            found = arrays[_only(list(arrays), shown, "array")]
        # in MATLAB every vector is a matrix
        return found.reshape(-1) if found.ndim == 2 and 1 in found.shape else found
    ending = file_ending(path)
    if ending == ".txt":
        return list(read_lines(path))
    if ending in TABLE_ENDINGS:
        table = _table_of_labels(path)
        return table.columns[_only(list(table.columns), shown, "column")]
    endings = ", ".join((*ARRAY_ENDINGS, ".txt", *TABLE_ENDINGS))
    raise ValueError(f"`labels` must end in {endings}, got {shown}")


def _table_of_labels(path: Path) -> Table:
    """A table of labels; one column of one class per line may have no name."""
    table = read_table(path)
    if len(table.columns) == 1 and table.named and table.place == "line":
        (name,) = table.columns
        if name.strip().lower() not in LABELS and name in set(table.columns[name]):
            return read_table(path, Reading(header=False))
    return table


def _only(names: list[str], shown: str, what: str) -> str:
    if len(names) == 1:
        return names[0]
    known = [name for name in names if name.strip().lower() in LABELS]
    if not known:
        raise ValueError(
            f"`labels`: {shown} must have one {what} or one called {', '.join(LABELS[:-1])} or"
            f" {LABELS[-1]}, got {list_names(names, most=10)}"
        )
    return known[0]
