"""Labels of any origin as classes: words or whole numbers, one per sample."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data._columnar_files import is_frame
from nearfar.data._files import counted, list_names
from nearfar.data._specs import array_of

__all__ = ["ClassLabels", "read_classes"]

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
    return [
        v.item() if isinstance(v, (Tensor, np.ndarray)) and math.prod(v.shape) == 1 else v
        for v in values
    ]


def _is_missing(value: Any) -> bool:
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, str):
        return not value.strip()
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def _of_words(words: list[str]) -> ClassLabels:
    stripped = [unicodedata.normalize("NFC", word.strip()) for word in words]
    if all(_WHOLE.fullmatch(word) for word in stripped):
        try:
            return ClassLabels(np.asarray([int(word.split(".")[0]) for word in stripped], np.int64))
        except (OverflowError, ValueError):
            pass  # identifiers of more than 64 bits stay words
    before, after = len(set(words)), len(set(stripped))
    notes: tuple[str, ...] = ()
    if after < before:
        changed = [repr(w) for w in dict.fromkeys(words) if w not in set(stripped)]
        also = "" if {w.strip() for w in words} == set(stripped) else ", their accents composed"
        merged_text = f"{before} labels are {counted(after, 'class', plural='classes')}"
        notes = (f"{merged_text} without the blanks around them{also}: {list_names(changed)}",)
    return ClassLabels(np.asarray(stripped, dtype=np.str_), notes)


def _shown(value: Any) -> str:
    return repr(value) if len(repr(value)) <= 60 else f"{repr(value)[:60]}…"


def _whole(value: Any, row: int, identify: Callable[[int], str]) -> int:
    if isinstance(value, (str, bytes)):
        raise TypeError(
            f"labels must be all words or all whole numbers, got {_shown(value)} at {identify(row)}"
        )
    whole: int | None = None
    with suppress(TypeError, ValueError, OverflowError):
        whole = int(value)
    if whole is None or whole != value:
        raise TypeError(
            f"labels must be words or whole numbers, got {_shown(value)} at {identify(row)}:"
            " probes need classes"
        )
    return whole
