"""Images with labels, for evaluation alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Int64
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from nearfar.data.array_files import read_array_file
from nearfar.data.arrays import ArraySource
from nearfar.data.folder import FolderSource
from nearfar.data.folder_files import printable
from nearfar.data.folder_split import class_folders, test_positions
from nearfar.data.named import Places, load_named
from nearfar.data.opening import Spec, known_name, open_source
from nearfar.data.source import Source
from nearfar.data.subset import Subset

__all__ = ["LabelledData", "open_labelled"]


@dataclass(frozen=True)
class LabelledData:
    """What a probe needs; pretraining never sees one.

    Attributes:
        train: Images a probe is trained on.
        train_labels: Class of each, at the same position.
        class_names: Name of each class.
        test: Images it is judged on; None where the data come without an official split.
        test_labels: Class of each; None with `test`.
    """

    train: Source
    train_labels: Int64[Tensor, " samples"]
    class_names: tuple[str, ...]
    test: Source | None = None
    test_labels: Int64[Tensor, " test_samples"] | None = None


def open_labelled(
    spec: Spec,
    *,
    labels: Sequence[Any] | NDArray[Any] | Tensor | None = None,
    data_dir: Path | None = None,
    channels: int | None = None,
    value_range: tuple[float, float] | None = None,
    short_side: int = 256,
) -> LabelledData:
    """Images and their classes.

    Classes come from a named set, the sub-folders of a folder (below ``train`` and ``test`` or
    ``val`` where these are an official split), the ``y`` of a ``.npz`` file, the second entry of a
    dataset's items, or `labels`.

    Args:
        spec: As for :func:`open_source`.
        labels: A class for each image, numbers or words, where `spec` has none.
        data_dir: As for :func:`open_source`, like what follows.
        channels: Likewise.
        value_range: Likewise.
        short_side: Likewise.

    Raises:
        ValueError: No labels, one class only, or labels that do not fit the images.

    Example:
        >>> data = open_labelled("digits")
        >>> data.train, data.train_labels[:3].tolist(), data.test
        (<digits: 1,797 grey images 8×8>, [0, 1, 2], None)
    """
    if labels is None and (name := known_name(spec)) is not None:
        return _open_named(name, data_dir)

    def images(split: Any) -> Source:
        return open_source(
            spec,
            split=split,
            data_dir=data_dir,
            channels=channels,
            value_range=value_range,
            short_side=short_side,
        )

    if labels is not None:
        return _with_labels(images("train"), np.asarray(labels))
    if isinstance(spec, Dataset):
        return _with_labels(images("train"), _labels_of(spec))
    if isinstance(spec, (str, Path)):
        path = Path(spec).expanduser()
        source = images("all" if path.is_dir() else "train")
        if isinstance(source, FolderSource):
            return _with_class_folders(source)
        held = read_array_file(path)
        if held.labels is None:
            raise ValueError(f"{printable(path.name)} holds no labels: name them y or labels")
        if held.test_images is None or held.test_labels is None:
            return _with_labels(source, held.labels)
        return _with_labels(source, held.labels, images("test"), held.test_labels)
    raise ValueError(f"{type(spec).__name__} has no labels: give them as `labels`")


def _open_named(name: str, data_dir: Path | None) -> LabelledData:
    loaded = load_named(name, places=Places.here(data_dir))
    test = loaded.test
    return LabelledData(
        train=ArraySource(loaded.train.images, name=name, notes=loaded.notes),
        train_labels=torch.from_numpy(loaded.train.labels),
        class_names=loaded.class_names,
        test=ArraySource(test.images, name=f"{name}-test") if test else None,
        test_labels=torch.from_numpy(test.labels) if test else None,
    )


def _with_labels(
    train: Source,
    labels: NDArray[Any],
    test: Source | None = None,
    test_labels: NDArray[Any] | None = None,
) -> LabelledData:
    names, numbers = np.unique(_flat(labels, train), return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"labels must name at least 2 classes, got {len(names)} in {train.name}")
    test_numbers = None
    if test is not None and test_labels is not None:
        flat = _flat(test_labels, test)
        unknown = np.setdiff1d(flat, names)
        if len(unknown):
            raise ValueError(
                f"{train.name}: {len(unknown)} classes of the test set are not in the training"
                f" set, the first is {unknown[0]}"
            )
        test_numbers = torch.from_numpy(np.searchsorted(names, flat).astype(np.int64))
    return LabelledData(
        train=train,
        train_labels=torch.from_numpy(numbers.astype(np.int64)),
        class_names=tuple(map(str, names)),
        test=test if test_numbers is not None else None,
        test_labels=test_numbers,
    )


def _flat(labels: NDArray[Any], source: Source) -> NDArray[Any]:
    """One label an image; N×1, as some files have it, is as good."""
    flat = labels[:, 0] if labels.ndim == 2 and labels.shape[1] == 1 else labels
    if flat.shape != (len(source),):
        raise ValueError(
            f"labels must be one for each of {len(source):,} images in {source.name},"
            f" got shape {labels.shape}"
        )
    if flat.dtype.kind not in "biuUS":
        raise TypeError(f"labels must be whole numbers or words, got {flat.dtype}")
    return flat


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


def _with_class_folders(folder: FolderSource) -> LabelledData:
    paths = folder.paths()
    test = test_positions(paths)
    classes = class_folders(paths, below=1 if test else 0)
    stray = [str(path) for path, name in zip(paths, classes, strict=True) if name is None]
    if stray:
        raise ValueError(
            f"{folder.name}: {len(stray):,} of {len(paths):,} images lie in no class folder,"
            f" the first is {printable(stray[0])}"
        )
    names = np.asarray(classes, dtype=np.str_)
    if not test:
        return _with_labels(folder, names)
    chosen = set(test)
    train = [i for i in range(len(folder)) if i not in chosen]
    return _with_labels(Subset(folder, train), names[train], Subset(folder, test), names[test])
