"""Arrays in `.npy` and `.npz` files; nothing in them is ever unpickled."""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data.files import printable

__all__ = ["ArrayFile", "read_array_file"]

IMAGES = ("x", "images", "data", "x_train", "train_images")
LABELS = ("y", "labels", "label", "targets", "y_train", "train_labels")
TEST_IMAGES = ("x_test", "test_images")
TEST_LABELS = ("y_test", "test_labels")


@dataclass(frozen=True)
class ArrayFile:
    """What a file of arrays holds; None for what it does not."""

    images: NDArray[Any]
    labels: NDArray[Any] | None = None
    test_images: NDArray[Any] | None = None
    test_labels: NDArray[Any] | None = None


def read_array_file(path: Path) -> ArrayFile:
    """Read a `.npy` file (mapped, not loaded) or a `.npz` file.

    In a `.npz` file images are the array named ``x``, ``images``, ``data``, ``x_train`` or
    ``train_images``, or the only one that can be a set of images; labels are ``y``, ``labels``,
    ``label``, ``targets``, ``y_train`` or ``train_labels``; ``x_test`` or ``test_images`` with
    ``y_test`` or ``test_labels`` are an official test split.

    Raises:
        TypeError: The array holds Python objects, which only unpickling could read.
        ValueError: The file is damaged, or it is open which array holds the images.
    """
    try:
        if path.suffix.lower() == ".npy":
            return ArrayFile(np.load(path, mmap_mode="r", allow_pickle=False))
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            return _choose(arrays, printable(path.name))
    except zipfile.BadZipFile as error:
        raise ValueError(f"{printable(str(path))} is damaged: {error}") from None
    except (EOFError, ValueError) as error:
        name = printable(str(path))
        if "pickle" in str(error).lower() or "Python objects" in str(error):
            raise TypeError(
                f"{name} holds Python objects or a pickle, which is never opened:"
                " save plain numbers with numpy.save or numpy.savez"
            ) from None
        if "mmap length" in str(error) or isinstance(error, EOFError):
            raise ValueError(f"{name} is damaged: shorter than its header says") from None
        raise


def _choose(arrays: Any, name: str) -> ArrayFile:
    def first(names: tuple[str, ...]) -> NDArray[Any] | None:
        return next((arrays[known] for known in names if known in arrays.files), None)

    images = first(IMAGES)
    if images is None:
        shapes = {key: arrays[key] for key in arrays.files}
        fitting = [key for key, a in shapes.items() if a.ndim in (3, 4) and a.dtype.kind in "buif"]
        if len(fitting) != 1:
            held = ", ".join(f"{key} ({a.dtype} {a.shape})" for key, a in shapes.items())
            raise ValueError(
                f"cannot tell which array of {name} holds the images: name it x or images;"
                f" it holds {held or 'nothing'}"
            )
        images = shapes[fitting[0]]
    return ArrayFile(images, first(LABELS), first(TEST_IMAGES), first(TEST_LABELS))
