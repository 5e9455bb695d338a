"""STL-10: few labelled and many unlabelled images."""

from __future__ import annotations

import tarfile
from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from nearfar.data.named._archives import Archive, Places, obtain
from nearfar.data.named._named_set import ImageSet
from nearfar.data.named._store import Store, unpacked

__all__ = ["load_stl10", "unpack_stl10"]

ARCHIVE = Archive(
    "stl10_binary.tar.gz",
    (
        "https://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
        "http://ai.stanford.edu/~acoates/stl10/stl10_binary.tar.gz",
    ),
    "91f7769df0f17e558f3565bffb0c7dfb",
)
SHAPE = (3, 96, 96)
PIXELS = 3 * 96 * 96
AT_ONCE = 1000  # images per chunk


def load_stl10(places: Places) -> ImageSet:
    """5,000 training, 8,000 test and 100,000 unlabelled 96×96 colour images in 10 classes."""
    return unpacked("stl10", places, fill=lambda store: unpack_stl10(store, places))


def unpack_stl10(store: Store, places: Places, *, archive: Archive = ARCHIVE) -> None:
    """Unpack the official archive into a store."""
    path = obtain(archive, name="stl10", places=places)
    with tarfile.open(path) as tar:
        class_names: list[str] = []
        for member in tar:  # in the archive's order: seeking back would decompress it again
            file = tar.extractfile(member) if member.isfile() else None
            part, _, kind = member.name.rpartition("/")[2].removesuffix(".bin").partition("_")
            if file is None:
                continue
            if kind == "X":
                count = member.size // PIXELS
                name = "unlabelled" if part == "unlabeled" else part
                store.images(name, _images(file.read, count), shape=(count, *SHAPE))
            elif kind == "y":
                store.labels(part, np.frombuffer(file.read(), np.uint8).astype(np.int64) - 1)
            elif member.name.endswith("class_names.txt"):
                class_names = file.read().decode().split()
    store.class_names(class_names)


def _images(read: Callable[[int], bytes], count: int) -> Iterator[NDArray[np.uint8]]:
    for first in range(0, count, AT_ONCE):
        number = min(AT_ONCE, count - first)
        stored = np.frombuffer(read(number * PIXELS), np.uint8).reshape(number, *SHAPE)
        yield stored.transpose(0, 1, 3, 2)  # stored in column-major order
