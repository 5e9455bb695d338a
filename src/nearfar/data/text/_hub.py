"""Hugging Face datasets as tables."""

from __future__ import annotations

from typing import Any

from nearfar.data._hub_datasets import column_values, hub_parts
from nearfar.data._specs import Split
from nearfar.data._tables import Table

__all__ = ["PREFIX", "hub_table", "is_hub_data"]

PREFIX = "hf:"


def is_hub_data(spec: Any) -> bool:
    """Whether data are given as ``hf:…`` or are a dataset object of the `datasets` library."""
    if isinstance(spec, str):
        return spec.startswith(PREFIX)
    return hasattr(spec, "column_names") or (isinstance(spec, dict) and "train" in spec)


def hub_table(spec: Any, *, split: Split) -> Table:
    """All columns of a Hugging Face dataset.

    Args:
        spec: ``hf:NAME``, ``hf:NAME:CONFIGURATION``, ``hf:FOLDER``, or the dataset object.
        split: Split, as in :func:`nearfar.data._hub_datasets.hub_parts`.

    Raises:
        ImportError: The `datasets` library is not installed.
        ValueError: There is no such split, or the dataset cannot be loaded.
    """
    loaded = _load(spec.removeprefix(PREFIX)) if isinstance(spec, str) else spec
    name = spec.removeprefix(PREFIX).rpartition("/")[2] if isinstance(spec, str) else "dataset"
    columns: dict[str, list[Any]] = {}
    for part in hub_parts(loaded, split, name=name):
        for column in part.column_names:
            columns.setdefault(column, []).extend(column_values(part, column))
    return Table(name, columns, range(len(next(iter(columns.values()), []))))


def _load(name: str) -> Any:
    try:
        from datasets import load_dataset
    except ImportError:
        raise ImportError(
            "Hugging Face datasets need the datasets library: pip install 'nearfar[stream]'"
        ) from None
    path, colon, configuration = name.rpartition(":")
    if not colon or "/" in configuration or "\\" in configuration:
        path, configuration = name, ""
    try:
        return load_dataset(path, configuration or None)
    except (FileNotFoundError, ConnectionError) as error:
        raise ValueError(f"cannot load hf:{name}: {error}") from None
