"""Labels and names of the items of datasets and lists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.utils.data import ConcatDataset, Subset

from nearfar.data._files import list_names
from nearfar.data._items import Items, called, label_of
from nearfar.data._specs import array_of

__all__ = ["item_labels", "item_names"]


def item_labels(spec: Any, key: str | None = None) -> list[Any]:
    """The label of each item of a dataset or list.

    A dataset that knows its labels (``targets``, ``labels``) is not read.

    Args:
        spec: A dataset or list.
        key: Key of the labels in items that are mappings.

    Raises:
        ValueError: Items without labels.
    """
    if key is not None and len(spec) and not isinstance(spec[0], Mapping):
        raise ValueError(
            f"`labels` must be one label per item of {called(spec)}, got the name {key!r}"
        )
    known = None if key else _known_labels(spec)
    if known is not None:
        return known
    labels = []
    for row in range(len(spec)):
        item = spec[row]
        label = label_of(item, key)
        if label is None:
            shown = f"keys {list_names(list(map(str, item)))}" if isinstance(item, Mapping) else ""
            what = shown or type(item).__name__
            raise ValueError(
                f"items of {called(spec)} must be (sample, label) pairs to be probed, got {what}"
                f" in row {row}: pass the labels as `labels`"
            )
        labels.append(label)
    return labels


def item_names(spec: Any) -> list[str] | None:
    """Names of the items, if the dataset keeps those of its files; distinct ones only.

    The files are those of lightly's ``get_filenames()`` and of torchvision's ``samples``.
    """
    names = _names(spec)
    if names is None or len(names) != len(spec) or len(set(names)) < len(names):
        return None
    return names


def _known_labels(spec: Any) -> list[Any] | None:
    """Labels that a dataset knows without reading its items."""
    if isinstance(spec, Items):
        return _known_labels(spec.items)
    if isinstance(spec, Subset):
        known = _known_labels(spec.dataset)
        return None if known is None else [known[i] for i in spec.indices]
    if isinstance(spec, ConcatDataset):
        parts = [_known_labels(part) for part in spec.datasets]
        return None if None in parts else [label for part in parts if part for label in part]
    for attribute in ("targets", "labels"):
        known = getattr(spec, attribute, None)
        if known is not None and hasattr(known, "__len__") and len(known) == len(spec):
            values = array_of(known) if isinstance(known, Tensor) else known
            return list(values.tolist() if hasattr(values, "tolist") else values)
    return None


def _names(spec: Any) -> list[str] | None:
    if isinstance(spec, Items):
        return _names(spec.items)
    if isinstance(spec, list):
        return list(map(str, spec)) if all(isinstance(v, (str, Path)) for v in spec) else None
    if isinstance(spec, Subset):
        names = _names(spec.dataset)
        return None if names is None else [names[i] for i in spec.indices]
    if hasattr(spec, "get_filenames"):
        return list(map(str, spec.get_filenames()))
    files, root = getattr(spec, "samples", None), getattr(spec, "root", None)
    if not isinstance(files, list) or not files or not isinstance(root, (str, Path)):
        return None
    paths = [Path(entry[0]) for entry in files if isinstance(entry, tuple) and entry]
    if len(paths) < len(files) or not all(path.is_relative_to(root) for path in paths):
        return None
    return [path.relative_to(root).as_posix() for path in paths]
