"""Image datasets of Hugging Face's library: the column of images, labels, splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._files import list_names
from nearfar.data._labeled_data import LABELS
from nearfar.data.images._torch_dataset import IMAGE_KEYS

__all__ = ["encoded_column", "hub_labels", "hub_split", "image_column", "is_hub", "is_hub_images"]

TEST = ("test", "validation", "valid", "val")


def is_hub(spec: Any) -> bool:
    """Whether an object is a dataset of Hugging Face's library, or several splits of one."""
    return type(spec).__module__.partition(".")[0] == "datasets"


def is_hub_images(spec: Any) -> bool:
    """Whether an object is a Hugging Face dataset with a column of images."""
    features = getattr(_first(spec), "features", None)
    return is_hub(spec) and bool(features) and bool(_image_columns(features))


def hub_split(spec: Any, split: str) -> list[Any]:
    """The datasets of a split: of a DatasetDict by name, otherwise the dataset itself.

    Raises:
        ValueError: The test set of data that have none.
    """
    if not isinstance(spec, dict):
        if split == "test":
            raise ValueError("a dataset has no official test set: use `split`='train'")
        return [spec]
    test = next((name for name in TEST if name in spec), None)
    if split == "all":
        return list(spec.values())
    if split == "train":
        names = [name for name in spec if name != test]
        return [spec["train"]] if "train" in spec else [spec[name] for name in names]
    if test is None:
        raise ValueError(f"no split of {', '.join(spec)} is an official test set")
    return [spec[test]]


def image_column(dataset: Any) -> str:
    """Name of the column of images.

    Raises:
        TypeError: A streamed dataset.
        ValueError: None, or several.
    """
    if not hasattr(dataset, "__len__"):
        raise TypeError(
            f"a dataset must have a length, got {type(dataset).__name__}: load it without streaming"
        )
    names = list(dataset.column_names)
    found = _image_columns(dataset.features) or [key for key in IMAGE_KEYS if key in names]
    usual = [key for key in IMAGE_KEYS if key in found]
    if len(found) == 1 or usual:
        return usual[0] if usual else found[0]
    if not found:
        raise ValueError(f"no column of images in the dataset, which has {list_names(names)}")
    raise ValueError(
        f"several columns of images, {list_names(found)}: keep one with select_columns"
    )


def encoded_column(dataset: Any, key: str) -> Any:
    """The dataset with its images as files rather than decoded by the library, if it has them.

    Decoded images lack declared bit depths, further bands and frames, and 16-bit colour.
    """
    feature = dataset.features.get(key)
    if type(feature).__name__ != "Image" or getattr(feature, "mode", None) is not None:
        return dataset
    if not len(dataset) or dataset.format.get("type") == "custom":  # transformed on access
        return dataset
    files = dataset.with_format(None).cast_column(key, type(feature)(decode=False))
    first = files[0][key] or {}
    present = first.get("bytes") or (first.get("path") and Path(first["path"]).is_file())
    return files if present else dataset


def hub_labels(dataset: Any) -> NDArray[Any]:
    """The classes, as names if the dataset has them.

    Raises:
        ValueError: No column of labels.
    """
    name = next((name for name in (*LABELS, "fine_label") if name in dataset.column_names), None)
    if name is None:
        raise ValueError(
            f"no column of labels in the dataset, which has {list_names(dataset.column_names)}:"
            " pass them as `labels`"
        )
    values = np.asarray(dataset.with_format(None)[name][:])
    known = getattr(dataset.features[name], "names", None)
    return values if known is None else np.asarray(known)[values]


def _first(spec: Any) -> Any:
    return next(iter(spec.values()), None) if isinstance(spec, dict) else spec


def _image_columns(features: Any) -> list[str]:
    return [name for name, feature in features.items() if type(feature).__name__ == "Image"]
