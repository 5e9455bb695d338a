"""Hugging Face datasets as tables."""

from __future__ import annotations

from typing import Any

from nearfar.data._specs import Split
from nearfar.data._tables import Table

__all__ = ["PREFIX", "hub_table", "is_hub_data"]

PREFIX = "hf:"
TESTS = ("test", "validation", "valid", "val", "dev")


def is_hub_data(spec: Any) -> bool:
    """Whether data are given as ``hf:…`` or are a dataset object of the `datasets` library."""
    if isinstance(spec, str):
        return spec.startswith(PREFIX)
    return hasattr(spec, "column_names") or (isinstance(spec, dict) and "train" in spec)


def hub_table(spec: Any, *, split: Split) -> Table:
    """All columns of a Hugging Face dataset.

    Args:
        spec: ``hf:NAME``, ``hf:NAME:CONFIGURATION``, ``hf:FOLDER``, or the dataset object.
        split: ``train`` selects the split of that name or the only split, ``test`` the split of
            that name or the validation split, and ``all`` every split.

    Raises:
        ImportError: The `datasets` library is not installed.
        ValueError: There is no such split, or the dataset cannot be loaded.
    """
    loaded = _load(spec.removeprefix(PREFIX)) if isinstance(spec, str) else spec
    name = spec.removeprefix(PREFIX).rpartition("/")[2] if isinstance(spec, str) else "dataset"
    parts = dict(loaded) if isinstance(loaded, dict) else {"train": loaded}
    chosen = _choose(parts, split, name)
    columns: dict[str, list[Any]] = {}
    for part in chosen:
        for column in parts[part].column_names:
            columns.setdefault(column, []).extend(parts[part][column])
    return Table(name, columns, range(len(next(iter(columns.values()), []))))


def _choose(parts: dict[str, Any], split: Split, name: str) -> list[str]:
    held = ", ".join(parts)
    if split == "all":
        return list(parts)
    if split == "train":
        if "train" in parts or len(parts) == 1:
            return ["train"] if "train" in parts else list(parts)
        raise ValueError(f"{name} has no split train, it has {held}")
    found = next((test for test in TESTS if test in parts), None)
    if found is None:
        raise ValueError(f"{name} has no official test set, it has {held}: use `split`='train'")
    return [found]


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
