"""Unpacked datasets in the cache, as memory-mapped `.npy` files."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from nearfar.data.named._archives import Places
from nearfar.data.named._named_set import ImageSet, Part
from nearfar.records import replace_atomically, write_text

__all__ = ["Store", "unpacked"]

COMPLETE = "classes.json"  # written last; marks a complete dataset


class Store:
    """Writes the arrays of one dataset."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def images(
        self, part: str, chunks: Iterable[NDArray[np.uint8]], *, shape: tuple[int, int, int, int]
    ) -> None:
        """Write the images of a part, given in chunks of N×C×H×W."""

        def write(path: Path) -> None:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            with path.open("wb") as file:
                np.lib.format.write_array_header_1_0(file, header)
                count = 0
                for chunk in chunks:
                    file.write(np.ascontiguousarray(chunk, dtype=np.uint8).data)
                    count += len(chunk)
            if count != shape[0]:
                raise ValueError(f"{part} has {count:,} images, expected {shape[0]:,}")

        replace_atomically(self._folder / f"{part}_images.npy", write)

    def labels(self, part: str, labels: NDArray[Any]) -> None:
        """Write the classes of a part's images."""
        array = np.asarray(labels, dtype=np.int64)
        replace_atomically(self._folder / f"{part}_labels.npy", lambda path: _save(path, array))

    def class_names(self, names: Iterable[str]) -> None:
        """Write the class names. Must come last: their file marks the dataset as complete."""
        write_text(self._folder / COMPLETE, json.dumps(list(names)))


def unpacked(name: str, places: Places, *, fill: Callable[[Store], None]) -> ImageSet:
    """The dataset in the cache; `fill` writes it there on first use."""
    folder = places.cache / name / "unpacked"
    if not (folder / COMPLETE).is_file():
        fill(Store(folder))
    unlabeled = folder / "unlabelled_images.npy"
    return ImageSet(
        train=_part(folder, "train"),
        test=_part(folder, "test"),
        class_names=tuple(json.loads((folder / COMPLETE).read_text(encoding="utf-8"))),
        unlabeled=_load(unlabeled) if unlabeled.is_file() else None,
    )


def _part(folder: Path, name: str) -> Part:
    labels = np.load(folder / f"{name}_labels.npy", allow_pickle=False)
    return Part(_load(folder / f"{name}_images.npy"), labels)


def _load(path: Path) -> NDArray[np.uint8]:
    array: NDArray[np.uint8] = np.load(path, mmap_mode="r", allow_pickle=False)
    return array


def _save(path: Path, array: NDArray[Any]) -> None:
    with path.open("wb") as file:
        np.save(file, array, allow_pickle=False)
