"""Images and labels in files of arrays."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from nearfar.data._array_choice import choose_arrays
from nearfar.data._array_files import open_array_file

__all__ = ["ImageArrays", "read_array_file"]

IMAGES = ("x", "images", "data", "x_train", "train_images")
TEST_IMAGES = ("x_test", "test_images")


@dataclass(frozen=True)
class ImageArrays:
    """Images and labels in an array file; None for each that is absent."""

    images: NDArray[Any]
    labels: NDArray[Any] | None = None
    test_images: NDArray[Any] | None = None
    test_labels: NDArray[Any] | None = None
    notes: tuple[str, ...] = ()
    names: tuple[str, ...] | None = None


def read_array_file(path: Path, *, key: str | None = None) -> ImageArrays:
    """Read images and labels from a file of arrays (:mod:`nearfar.data._array_files`).

    Of several arrays, the images are that named ``x``, ``images``, ``data``, ``x_train`` or
    ``train_images``, or the only array that can be a set of images; the labels are ``y``,
    ``labels``, ``label``, ``targets``, ``y_train`` or ``train_labels``; ``x_test`` or
    ``test_images`` with ``y_test`` or ``test_labels`` are an official test set.

    Args:
        path: The file.
        key: Name of the array of images; chosen as described by default.

    Raises:
        ImportError: An optional library is missing.
        TypeError: An array contains Python objects, which only unpickling could read.
        ValueError: The file is damaged, or the array of images is ambiguous.
    """
    with open_array_file(path) as file:
        found = choose_arrays(
            file, names=IMAGES, test_names=TEST_IMAGES, axes=(3, 4), noun="images", key=key
        )
    return ImageArrays(
        found.values,
        found.labels.get("class"),
        found.test_values,
        found.test_labels.get("class"),
        found.notes,
        found.names,
    )
