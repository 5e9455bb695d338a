"""Images with labels: class folders, labels in files of arrays, data sets of PyTorch."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from nearfar.data._files import printable
from nearfar.data._folder_parts import label_folder
from nearfar.data._labelled_data import LabelledData, with_labels
from nearfar.data.images._array_files import read_array_file
from nearfar.data.images._folder import FolderSource
from nearfar.data.images._open_images import open_images

__all__ = ["label_images"]


def label_images(
    spec: Path | NDArray[Any] | Tensor | Dataset[Any], *, labels: str | None = None, **options: Any
) -> LabelledData:
    """Images and their classes, as the folders, the file or the data set say.

    Args:
        spec: As for :func:`open_images`.
        labels: Images have one set of labels: None.
        options: Likewise.

    Raises:
        ValueError: No labels, one class only, or labels that do not fit the images.
    """
    if labels is not None:
        raise ValueError(f"`labels` must be a class for each image, got the name {labels!r}")
    if isinstance(spec, Dataset):
        return with_labels(open_images(spec, **options), _labels_of(spec))
    if not isinstance(spec, Path):
        raise ValueError(f"{type(spec).__name__} has no labels: give them as `labels`")
    source = open_images(spec, split="all" if spec.is_dir() else "train", **options)
    if isinstance(source, FolderSource):
        return label_folder(source, noun="images")
    held = read_array_file(spec)
    if held.labels is None:
        raise ValueError(f"{printable(spec.name)} holds no labels: name them y or labels")
    if held.test_images is None or held.test_labels is None:
        return with_labels(source, held.labels)
    test = open_images(spec, split="test", **options)
    return with_labels(source, held.labels, test, held.test_labels)


def _labels_of(dataset: Dataset[Any]) -> NDArray[Any]:
    for attribute in ("targets", "labels"):
        known = getattr(dataset, attribute, None)
        if known is not None and len(known) == len(dataset):  # type: ignore[arg-type]
            return np.asarray(known)
    first: Any = dataset[0]
    if not isinstance(first, (tuple, list)) or len(first) < 2:
        raise ValueError(f"items of {type(dataset).__name__} must be (image, label) pairs")
    everyone: Any = (dataset[i] for i in range(len(dataset)))  # type: ignore[arg-type]
    return np.asarray([np.asarray(item[1]).item() for item in everyone])
