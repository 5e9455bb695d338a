"""Open images, with or without labels: folders, files, arrays, datasets."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from nearfar.checks import require
from nearfar.data._array_files import ARRAY_ENDINGS, array_ending, array_items, is_array_file
from nearfar.data._columnar_files import is_frame
from nearfar.data._data_kind import Confidence, DataKind
from nearfar.data._files import IMAGE_ENDINGS, file_ending, printable
from nearfar.data._folder_parts import label_folder, select_split
from nearfar.data._hub_datasets import feature_columns, has_test, hub_labels, hub_parts, is_hub
from nearfar.data._item_labels import item_labels
from nearfar.data._joined import Joined
from nearfar.data._labeled_data import LabeledData, with_labels
from nearfar.data._preview import DataPreview
from nearfar.data._source import ImageSource, Source
from nearfar.data._specs import Split, array_of, refuse_test
from nearfar.data.images._hub_images import encoded_column, image_column
from nearfar.data.images._image_array_files import read_array_file
from nearfar.data.images._image_arrays import ArraySource
from nearfar.data.images._image_files import ImageFiles, image_faults
from nearfar.data.images._image_folder import MEMORY, FolderSource
from nearfar.data.images._torch_dataset import DatasetSource

__all__ = ["IMAGES", "label_images", "open_images"]


def open_images(
    spec: Path | NDArray[Any] | Tensor | Dataset[Any] | Any,
    *,
    split: Split = "train",
    channels: int | None = None,
    value_range: tuple[float, float] | None = None,
    missing_value: float | None = None,
    short_side: int = 256,
    memory: int = MEMORY,
    split_folder: str | None = None,
    key: str | None = None,
) -> Source:
    """Open a source of unlabelled images.

    Args:
        spec: A folder of images, an image file, a file of arrays, an array or tensor
            (N×H×W, N×H×W×C, N×C×H×W), a PyTorch dataset, or a Hugging Face dataset.
        split: Samples to open if the data have an official test set: all others (``train``), the
            test set (``test``), or both (``all``).
        channels: Number of channels: 1, 3, 4 or the number of bands for files; for arrays, resolves
            an ambiguous channel axis.
        value_range: The (low, high) to map to (0, 1): the :attr:`ImageSource.value_range` of an
            encoder's training data. By default determined from the values.
        missing_value: Value that marks missing ones, which become 0.
        short_side: Largest short side of image files, in pixels; larger images are downscaled.
        memory: Memory limit for decoded image files, in bytes.
        split_folder: Name of the subfolder that is the test set; ``none`` if subfolders such as
            ``train`` and ``test`` are classes. By default recognised by the usual names.
        key: Name of the array in a file with several; by default that of a usual name or the only
            one that fits.

    Raises:
        TypeError: An object that is not images, or a file that only unpickling could read.
        ValueError: Unusable data; the message gives the reason.
    """
    if value_range is not None and not -math.inf < value_range[0] <= value_range[1] < math.inf:
        raise ValueError(
            f"`value_range` must be the lowest and the highest value, got {value_range}"
        )
    values: dict[str, Any] = {
        "channels": channels,
        "value_range": value_range and (float(value_range[0]), float(value_range[1])),
        "missing_value": missing_value,
    }
    if isinstance(spec, (np.ndarray, Tensor)):
        refuse_test(split, "an array")
        return ArraySource(array_of(spec), name="array", **values)
    if is_hub(spec):
        return _open_hub(spec, split, values)
    if isinstance(spec, Dataset):
        refuse_test(split, "a dataset")
        return DatasetSource(spec, **values)
    if not isinstance(spec, Path):
        raise TypeError(
            "images must be a folder, a file, an array, a tensor or a dataset,"
            f" got {type(spec).__name__}"
        )
    if is_array_file(spec) or key is not None:
        return _open_arrays(spec, split, values, key)
    if spec.is_dir():
        folder = FolderSource(spec, short_side=short_side, memory=memory, **values)
        return select_split(folder, split=split, noun="images", test_folder=split_folder)
    if file_ending(spec) in IMAGE_ENDINGS:
        refuse_test(split, "an image file")
        return _open_file(spec, short_side, values)
    raise ValueError(
        f"{printable(str(spec))} is neither a folder of images nor an image nor a file of arrays"
        f" ({' '.join(ARRAY_ENDINGS)})"
    )


def _open_file(path: Path, short_side: int, values: dict[str, Any]) -> Source:
    (fault,) = image_faults([path])
    if fault is not None:
        raise ValueError(f"{printable(str(path))} cannot be read: {fault}")
    return ImageFiles([path], name=path.stem, short_side=short_side, **values)


def _open_hub(spec: Any, split: Split, values: dict[str, Any]) -> Source:
    """A Hugging Face dataset, or several splits of one."""
    sources: list[Source] = []
    for dataset in hub_parts(spec, split):
        key = image_column(dataset)
        chosen = encoded_column(dataset.select_columns([key]), key)
        source = DatasetSource(chosen, name="dataset", key=key, **values)
        # the other splits are mapped like the first one
        values |= {"channels": source.channels, "value_range": source.value_range}
        sources.append(source)
    return sources[0] if len(sources) == 1 else Joined(sources, name="dataset")


def _open_arrays(path: Path, split: Split, values: dict[str, Any], key: str | None) -> Source:
    pictures = array_items(path)
    if pictures is not None:
        refuse_test(split, "a folder of arrays")
        return DatasetSource(pictures, name=path.name, names=pictures.arrays.names, **values)
    held = read_array_file(path, key=key)
    train = ArraySource(held.images, name=path.stem, notes=held.notes, names=held.names, **values)
    if held.test_images is None:
        refuse_test(split, printable(path.name))
        return train
    if split == "train":
        return train
    as_in_training = values | {"value_range": train.value_range}
    test = ArraySource(held.test_images, name=f"{path.stem}-test", **as_in_training)
    return test if split == "test" else Joined([train, test], name=f"{path.stem}-all")


def label_images(
    spec: Path | NDArray[Any] | Tensor | Dataset[Any] | Any,
    *,
    labels: str | None = None,
    **options: Any,
) -> LabeledData:
    """Open images with the classes given by the folders, the file or the dataset.

    Args:
        spec: Images, as in :func:`open_images`.
        labels: Must be None: images have a single set of labels.
        options: Options of :func:`open_images`.

    Raises:
        ValueError: No labels, only one class, or labels that do not match the images.
    """
    if labels is not None:
        raise ValueError(f"`labels` must be one class per image, got the name {labels!r}")
    if is_hub(spec):
        return _label_hub(spec, options)
    if isinstance(spec, Dataset):
        return with_labels(open_images(spec, **options), item_labels(spec))
    if not isinstance(spec, Path):
        raise ValueError(f"{type(spec).__name__} has no labels: pass them as `labels`")
    source = open_images(spec, split="all" if not is_array_file(spec) else "train", **options)
    if isinstance(source, FolderSource):
        test_folder = options.get("split_folder")
        return label_folder(source, noun="images", test_folder=test_folder)
    if not is_array_file(spec) and options.get("key") is None:
        raise ValueError(f"{printable(spec.name)} has no labels: pass them as `labels`")
    held = read_array_file(spec, key=options.get("key"))
    if held.labels is None:
        raise ValueError(f"{printable(spec.name)} contains no labels: name them y or labels")
    if held.test_images is None or held.test_labels is None:
        return with_labels(source, held.labels)
    test = open_images(spec, split="test", **options)
    return with_labels(source, held.labels, test, held.test_labels)


def _label_hub(spec: Any, options: dict[str, Any]) -> LabeledData:
    """The training and the test split of a Hugging Face dataset, with their labels."""
    train = open_images(spec, **options)
    labels = [label for part in hub_parts(spec, "train") for label in hub_labels(part)]
    if not has_test(spec):
        return with_labels(train, labels)
    root = require(ImageSource, data=train.root)
    options |= {"channels": root.channels, "value_range": root.value_range}
    test = open_images(spec, split="test", **options)
    test_labels = [label for part in hub_parts(spec, "test") for label in hub_labels(part)]
    return with_labels(train, labels, test, test_labels)


def _recognize(preview: DataPreview) -> Confidence:
    """Arrays, datasets and folders are images unless another modality has a higher confidence."""
    if feature_columns(preview.spec, "Image"):
        return Confidence.LIKELY
    if preview.kind_of_items == "images":
        return Confidence.LIKELY if is_frame(preview.spec) else Confidence.PERHAPS
    if preview.ending in IMAGE_ENDINGS:
        return Confidence.LIKELY
    in_memory = isinstance(preview.spec, (np.ndarray, Tensor, Dataset))
    arrays = preview.path is not None and array_ending(preview.path)
    if in_memory or preview.is_folder or arrays or preview.ending in IMAGE_ENDINGS:
        return Confidence.PERHAPS
    return Confidence.NO


IMAGES = DataKind(
    name="images",
    open=open_images,
    label=label_images,
    recognizes=_recognize,
    endings=ARRAY_ENDINGS,
)
"""How images are recognised and opened."""
