"""Image datasets of Hugging Face's library: the column of images, labels, splits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data._files import list_names
from nearfar.data._hub_splits import first_dataset, is_hub
from nearfar.data._labeled_data import LABELS
from nearfar.data.images._torch_dataset import IMAGE_KEYS

__all__ = ["hub_labels", "image_column", "is_hub_images"]


def is_hub_images(spec: Any) -> bool:
    """Whether an object is a Hugging Face dataset with a column of images."""
    features = getattr(first_dataset(spec), "features", None)
    return is_hub(spec) and bool(features) and bool(_image_columns(features))


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


def _image_columns(features: Any) -> list[str]:
    return [name for name, feature in features.items() if type(feature).__name__ == "Image"]
