"""Parquet and Arrow files, and tables in memory."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nearfar.data._files import printable

__all__ = [
    "COLUMNAR_ENDINGS",
    "TABLE_ENDINGS",
    "column_values",
    "columns_of_frame",
    "index_of",
    "is_frame",
    "read_columnar",
]

COLUMNAR_ENDINGS = (".parquet", ".arrow", ".feather", ".ipc")
TABLE_ENDINGS = (".csv", ".tsv", ".jsonl", *COLUMNAR_ENDINGS)
"""Extensions of all tables."""


def read_columnar(
    path: Path, *, rows: int | None = None
) -> tuple[Mapping[str, Sequence[Any]], tuple[str, ...]]:
    """The columns of a Parquet, Arrow or Feather file by name, and which of them pandas' index was.

    Args:
        path: The file.
        rows: Number of rows to read; by default all.

    Raises:
        ImportError: pyarrow is not installed.
        ValueError: The file is damaged.
    """
    try:
        import pyarrow
        from pyarrow import feather, ipc, parquet
    except ImportError:
        raise ImportError(
            f"reading {path.suffix.lower()} files needs pyarrow: pip install 'nearfar[parquet]'"
        ) from None
    shown = printable(path.name)
    try:
        if rows is not None and path.suffix.lower() == ".parquet":
            with parquet.ParquetFile(path) as opened:
                first = next(opened.iter_batches(rows), None)
                table = opened.schema_arrow.empty_table()
                table = table if first is None else pyarrow.Table.from_batches([first])
            return _of_arrow(table, shown), index_of(table)
        content = path.read_bytes()
        if path.suffix.lower() == ".parquet":
            table = parquet.read_table(io.BytesIO(content))
        elif content.startswith((b"ARROW1", b"FEA1")):
            table = feather.read_table(io.BytesIO(content))
        else:
            table = ipc.open_stream(io.BytesIO(content)).read_all()
    except (pyarrow.ArrowException, OSError) as error:
        raise ValueError(f"{shown} is damaged: {str(error).splitlines()[0]}") from None
    table = table if rows is None else table.slice(0, rows)
    return _of_arrow(table, shown), index_of(table)


def _of_arrow(table: Any, shown: str) -> dict[str, Sequence[Any]]:
    if len(set(table.column_names)) < len(table.column_names):
        raise ValueError(f"columns of {shown} must have distinct names, got {table.column_names}")
    return {name: table.column(name).to_pylist() for name in table.column_names}


def index_of(table: Any) -> tuple[str, ...]:
    """The columns of a table of pyarrow in which pandas stored its index."""
    metadata = getattr(getattr(table, "schema", None), "metadata", None) or {}
    try:
        stored = json.loads(metadata.get(b"pandas", b"{}")).get("index_columns", [])
    except (ValueError, AttributeError):
        return ()
    return tuple(name for name in stored if isinstance(name, str))


def is_frame(spec: Any) -> bool:
    """Whether data are a table of pandas, polars or pyarrow."""
    package = type(spec).__module__.partition(".")[0]
    return (
        package in ("pandas", "polars", "pyarrow")
        and hasattr(spec, "shape")
        and (hasattr(spec, "columns"))
    )


def columns_of_frame(frame: Any) -> dict[str, Sequence[Any]]:
    """The columns of a table in memory, by name.

    Raises:
        ValueError: Columns with the same name.
    """
    if type(frame).__module__.startswith("pyarrow"):
        return _of_arrow(frame, "the table")
    names = [str(name) for name in frame.columns]
    if len(set(names)) < len(names):
        raise ValueError(f"columns of the table must have distinct names, got {names}")
    if type(frame).__module__.startswith("polars"):
        return {name: frame[name].to_list() for name in names}
    return {name: frame.iloc[:, place].tolist() for place, name in enumerate(names)}


def column_values(spec: Any) -> list[Any] | None:
    """The entries of a single column of pandas, polars or pyarrow, or of an array of texts.

    >>> import numpy as np
    >>> column_values(np.array(["a", "b"])), column_values(np.zeros(3))
    (['a', 'b'], None)
    """
    package = type(spec).__module__.partition(".")[0]
    if package == "numpy":
        texts = getattr(getattr(spec, "dtype", None), "kind", "") in "UOT" and spec.ndim == 1
        return list(spec.tolist()) if texts else None
    if package not in ("pandas", "polars", "pyarrow") or is_frame(spec):
        return None
    for method in ("to_pylist", "to_list", "tolist"):
        if hasattr(spec, method):
            return list(getattr(spec, method)())
    return None
