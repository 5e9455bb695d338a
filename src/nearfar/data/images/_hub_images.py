"""Which column of a Hugging Face dataset has the images."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

from PIL import Image

from nearfar.data._files import list_names
from nearfar.data._hub_datasets import feature_columns
from nearfar.data.images._image_decoding import WITHOUT_SIGNATURE
from nearfar.data.images._torch_dataset import IMAGE_KEYS

__all__ = ["encoded_column", "image_column"]


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
    found = feature_columns(dataset, "Image") or [key for key in IMAGE_KEYS if key in names]
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
    if first.get("bytes") and _needs_name(first["bytes"], first.get("path")):
        return dataset
    present = first.get("bytes") or (first.get("path") and Path(first["path"]).is_file())
    return files if present else dataset


def _needs_name(content: bytes, path: str | None) -> bool:
    """Whether the format of a file has no signature, so that its extension decides."""
    if path and Path(path).suffix.lower() in WITHOUT_SIGNATURE:
        return True
    try:
        with Image.open(io.BytesIO(content)) as image:
            return image.format in WITHOUT_SIGNATURE.values()
    except Exception:  # damaged files are reported by the reader of files
        return False
