"""Datasets of Hugging Face's library: their splits, columns of a type, and labels."""

from __future__ import annotations

from typing import Any

from nearfar.checks import suggest
from nearfar.data._files import list_names
from nearfar.data._folder_split import HELD_OUT
from nearfar.data._label_names import LABELS
from nearfar.data._specs import Split

__all__ = ["column_values", "feature_columns", "has_test", "hub_labels", "hub_parts", "is_hub"]


def is_hub(spec: Any) -> bool:
    """Whether an object is a dataset of Hugging Face's library, or several splits of one."""
    library = type(spec).__module__.partition(".")[0]
    return library == "datasets" and (isinstance(spec, dict) or hasattr(spec, "column_names"))


def hub_parts(spec: Any, split: Split, *, name: str = "a dataset") -> list[Any]:
    """The datasets of a split.

    Args:
        spec: A dataset, or several by name.
        split: ``train`` selects the part of that name, otherwise all but the test set; ``test`` the
            first of the names of a test set, as of folders; ``all`` every part.
        name: Name of the data for messages.

    Raises:
        ValueError: The test set of data that have none.
    """
    parts = dict(spec) if isinstance(spec, dict) else {"train": spec}
    names = {part.casefold(): part for part in parts}
    test = _test_part(spec)
    if split == "all":
        return list(parts.values())
    if split == "train":
        others = [part for part in parts if part != test] or list(parts)
        return [parts[part] for part in ([names["train"]] if "train" in names else others)]
    if test is None:
        listed = f", it has {list_names(list(parts))}" if isinstance(spec, dict) else ""
        raise ValueError(f"{name} has no official test set{listed}: use `split`='train'")
    return [parts[test]]


def has_test(spec: Any) -> bool:
    """Whether several datasets by name include an official test set."""
    return _test_part(spec) is not None


def _test_part(spec: Any) -> str | None:
    """Name of the part that is the test set."""
    names = {part.casefold(): part for part in spec} if isinstance(spec, dict) else {}
    return next((names[held_out] for held_out in HELD_OUT if held_out in names), None)


def feature_columns(spec: Any, feature: str) -> list[str]:
    """Names of the columns of a type, such as ``Image`` or ``Audio``.

    Args:
        spec: A dataset, or several by name, of which the first counts; other objects have no such
            columns.
        feature: Name of the type in Hugging Face's library.
    """
    first = next(iter(spec.values()), None) if is_hub(spec) and isinstance(spec, dict) else spec
    features = getattr(first, "features", None)
    if not is_hub(spec) or not features:
        return []
    return [name for name, kind in features.items() if type(kind).__name__ == feature]


def column_values(dataset: Any, name: str) -> list[Any]:
    """The values of a column, classes by name; an absent class, −1, is None."""
    values = list(dataset.with_format(None)[name])
    known = getattr((dataset.features or {}).get(name), "names", None)
    if known is None:
        return values
    return [None if value is None or value < 0 else known[value] for value in values]


def hub_labels(dataset: Any, labels: str | None = None) -> list[Any]:
    """The class of each row, by name if the dataset names its classes.

    Args:
        dataset: A dataset.
        labels: Column of the labels; that of a common name by default.

    Raises:
        ValueError: No such column.
    """
    columns = list(dataset.column_names)
    if labels is not None and labels not in columns:
        raise ValueError(
            f"`labels` must be a column of the dataset, got {labels!r}{suggest(labels, columns)};"
            f" the columns are {list_names(columns)}"
        )
    name = labels or next((name for name in (*LABELS, "fine_label") if name in columns), None)
    if name is None:
        raise ValueError(
            f"no column of labels in the dataset, which has {list_names(columns)}:"
            " pass them as `labels`"
        )
    return column_values(dataset, name)
