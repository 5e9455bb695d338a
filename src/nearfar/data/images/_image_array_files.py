"""Arrays in `.npy` and `.npz` files; nothing in them is ever unpickled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearfar.data._files import printable
from nearfar.data._labeled_data import LABELS, TEST_LABELS
from nearfar.data._numpy_files import map_array, open_arrays

__all__ = ["ArrayFile", "read_array_file"]

IMAGES = ("x", "images", "data", "x_train", "train_images")
TEST_IMAGES = ("x_test", "test_images")


@dataclass(frozen=True)
class ArrayFile:
    """Images and labels in an array file; None for each that is absent."""

    images: NDArray[Any]
    labels: NDArray[Any] | None = None
    test_images: NDArray[Any] | None = None
    test_labels: NDArray[Any] | None = None


def read_array_file(path: Path) -> ArrayFile:
    """Read a `.npy` file (memory-mapped) or a `.npz` file.

    In a `.npz` file, the images are the array named ``x``, ``images``, ``data``, ``x_train`` or
    ``train_images``, or the only array that can be a set of images; the labels are ``y``,
    ``labels``, ``label``, ``targets``, ``y_train`` or ``train_labels``; ``x_test`` or
    ``test_images`` with ``y_test`` or ``test_labels`` are an official test set.

    Raises:
        TypeError: The array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged, or the array of images is ambiguous.
    """
    if path.suffix.lower() == ".npy":
        return ArrayFile(map_array(path))
    with open_arrays(path) as arrays:
        return _choose(arrays, printable(path.name))


def _choose(arrays: Mapping[str, Any], name: str) -> ArrayFile:
    def first(names: tuple[str, ...]) -> NDArray[Any] | None:
        return next((arrays[known] for known in names if known in arrays), None)

    images = first(IMAGES)
    if images is None:
        shapes = {key: arrays[key] for key in arrays}
        fitting = [key for key, a in shapes.items() if a.ndim in (3, 4) and a.dtype.kind in "buif"]
        if len(fitting) != 1:
            held = ", ".join(f"{key} ({a.dtype} {a.shape})" for key, a in shapes.items())
            raise ValueError(
                f"the array of images in {name} is ambiguous: name it x or images;"
                f" the file contains {held or 'nothing'}"
            )
        images = shapes[fitting[0]]
    return ArrayFile(images, first(LABELS), first(TEST_IMAGES), first(TEST_LABELS))
