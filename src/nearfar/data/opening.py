"""Open whatever a user names as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import Dataset

from nearfar.checks import check_choice, suggest
from nearfar.data.array_files import read_array_file
from nearfar.data.arrays import ArraySource
from nearfar.data.dataset import DatasetSource
from nearfar.data.folder import MEMORY, FolderSource
from nearfar.data.folder_files import printable
from nearfar.data.folder_split import test_positions
from nearfar.data.joined import Joined
from nearfar.data.named import NAMES, Places, load_named
from nearfar.data.source import Source
from nearfar.data.subset import Subset

__all__ = ["Spec", "Split", "array_of", "known_name", "open_source"]

Split = Literal["train", "test", "all"]
Spec = str | Path | NDArray[Any] | Tensor | Dataset[Any] | Source
ARRAY_ENDINGS = (".npy", ".npz")
PICKLES = (".pkl", ".pickle", ".pt", ".pth")


def open_source(
    spec: Spec,
    *,
    split: Split = "train",
    data_dir: Path | None = None,
    channels: int | None = None,
    value_range: tuple[float, float] | None = None,
    short_side: int = 256,
    memory: int = MEMORY,
) -> Source:
    """A source of unlabelled images.

    Args:
        spec: A name (``digits``, ``cifar10``), a folder of images, a ``.npy`` or ``.npz`` file, an
            array or tensor (N×H×W, N×H×W×C, N×C×H×W), a PyTorch dataset, or a source.
        split: Where data come with an official test set: everything but that set (``train``), that
            set alone, or all. Data without one are all ``train``.
        data_dir: Where named sets are looked for first; ``$NEARFAR_DATA`` if left out.
        channels: For a folder, 1, 3 or 4; for arrays, which axis is the channels'.
        value_range: For numbers other than bytes, the (low, high) to map to (0, 1): the
            :attr:`Source.value_range` of the data an encoder was trained on.
        short_side: Image files larger than this are reduced to it.
        memory: Bytes that decoded image files may take.

    Raises:
        FileNotFoundError: No such file, folder or name; the nearest name is said.
        TypeError: Something that is no source of images, or that only unpickling could read.
        ValueError: The data cannot be used; the reason is said.

    Example:
        >>> open_source("digits")
        <digits: 1,797 grey images 8×8>
    """
    check_choice(("train", "test", "all"), split=split)
    if isinstance(spec, Source):
        return spec
    if isinstance(spec, (np.ndarray, Tensor)):
        _refuse_test(split, "an array")
        return ArraySource(array_of(spec), name="array", channels=channels, value_range=value_range)
    if isinstance(spec, Dataset):
        _refuse_test(split, "a dataset")
        return DatasetSource(spec, channels=channels, value_range=value_range)
    if not isinstance(spec, (str, Path)):
        raise TypeError(
            "data must be a name, a path, an array, a tensor or a PyTorch dataset,"
            f" got {type(spec).__name__}"
        )
    if (name := known_name(spec)) is not None:
        source = _open_named(name, split, Places.here(data_dir))
        if channels not in (None, source.channels):
            raise ValueError(f"`channels` of {name} is {source.channels}, got {channels}")
        return source
    path = Path(spec).expanduser()
    if path.is_dir():
        folder = FolderSource(path, channels=channels, short_side=short_side, memory=memory)
        return _split_folder(folder, split)
    if path.suffix.lower() in ARRAY_ENDINGS and path.is_file():
        return _open_arrays(path, split, channels, value_range)
    raise _refusal(path, str(spec))


def known_name(spec: object) -> str | None:
    """The data set a text names; a path to a folder of that name is written ``./digits``."""
    return spec if isinstance(spec, str) and spec in NAMES else None


def array_of(values: NDArray[Any] | Tensor) -> NDArray[Any]:
    """A NumPy array with the values of an array or tensor."""
    if not isinstance(values, Tensor):
        return values
    plain = values.detach().cpu()
    narrow = plain.is_floating_point() and plain.dtype != torch.float64
    array: NDArray[Any] = (plain.float() if narrow else plain).numpy()  # NumPy has no bfloat16
    return array


def _open_named(name: str, split: Split, places: Places) -> Source:
    loaded = load_named(name, places=places)
    if split == "test" and loaded.test is None:
        raise ValueError(f"{name} has no official test set: use `split`='train'")
    label = name if split == "train" else f"{name}-{split}"
    parts = [] if split == "test" else [loaded.train.images]
    if split != "test" and loaded.unlabelled is not None:
        parts.append(loaded.unlabelled)
    if split != "train" and loaded.test is not None:
        parts.append(loaded.test.images)
    sources = [ArraySource(part, name=label, notes=loaded.notes) for part in parts]
    return sources[0] if len(sources) == 1 else Joined(sources, name=label)


def _split_folder(folder: FolderSource, split: Split) -> Source:
    test = test_positions(folder.paths())
    if not test:
        _refuse_test(split, "a folder without train/ and test/")
        return folder
    if split == "all":
        return folder
    if split == "test":
        return Subset(folder, test, name=f"{folder.name}-test")
    chosen = set(test)
    aside = f"{len(test):,} images of the folder's test set left aside"
    return Subset(folder, [i for i in range(len(folder)) if i not in chosen], notes=(aside,))


def _open_arrays(
    path: Path, split: Split, channels: int | None, value_range: tuple[float, float] | None
) -> Source:
    held = read_array_file(path)
    train = ArraySource(held.images, name=path.stem, channels=channels, value_range=value_range)
    if held.test_images is None:
        _refuse_test(split, printable(path.name))
        return train
    if split == "train":
        return train
    taken_as_they_are = (0.0, 1.0) if held.images.dtype.kind == "f" else None
    test = ArraySource(
        held.test_images,
        name=f"{path.stem}-test",
        channels=channels,
        value_range=train.value_range or taken_as_they_are,
    )
    return test if split == "test" else Joined([train, test], name=f"{path.stem}-all")


def _refuse_test(split: Split, what: str) -> None:
    if split == "test":
        raise ValueError(f"{what} has no official test set: use `split`='train'")


def _refusal(path: Path, said: str) -> Exception:
    shown = printable(said)
    if path.suffix.lower() in PICKLES:
        return TypeError(f"{shown} may hold a pickle, which is never opened: save a .npy or .npz")
    if path.exists():
        return ValueError(
            f"{shown} is neither a folder of images nor a {' or '.join(ARRAY_ENDINGS)} file"
        )
    neighbours = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
    near = suggest(path.name, [*NAMES, *neighbours])
    return FileNotFoundError(
        f"no data {shown}{near}: no such file or folder, and the known names are {', '.join(NAMES)}"
    )
