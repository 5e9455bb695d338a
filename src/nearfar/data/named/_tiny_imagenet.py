"""Tiny ImageNet: 200 ImageNet classes at 64×64."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from nearfar.data.named._archives import Archive, Places, obtain
from nearfar.data.named._named_set import ImageSet, Part
from nearfar.data.named._sheets import decode_all, split
from nearfar.data.named._store import Store, unpacked

__all__ = ["load_tiny_imagenet", "unpack_tiny_imagenet"]

ARCHIVE = Archive(
    "tiny-imagenet-200.zip",
    (
        "https://cs231n.stanford.edu/tiny-imagenet-200.zip",
        "http://cs231n.stanford.edu/tiny-imagenet-200.zip",
    ),
    "90528d7ca1a48142e341f4ef8d21d0de",
)
CLASSES = 200
AT_ONCE = 5000  # images per chunk
SHAPE = (3, 64, 64)


def load_tiny_imagenet(places: Places) -> ImageSet:
    """100,000 training and 10,000 validation colour images of 64×64 pixels.

    The validation set is the test set. In the user's folder, ``tiny_imagenet_50.npz`` contains a
    quarter of the classes.
    """
    packed = places.find("tiny_imagenet_50.npz")
    if packed is None:
        return unpacked(
            "tiny-imagenet", places, fill=lambda store: unpack_tiny_imagenet(store, places)
        )
    return _read_packed(packed)


def _read_packed(path: Path) -> ImageSet:
    with np.load(path, allow_pickle=False) as arrays:
        files = split(arrays["jpeg"], arrays["offsets"])
        labels = arrays["label"].astype(np.int64)
        test = arrays["is_val"]
        names = tuple(str(name).split(",")[0] for name in arrays["class_name"])
    images = np.ascontiguousarray(decode_all(files, label=path.stem))
    return ImageSet(
        train=Part(images[~test], labels[~test]),
        test=Part(images[test], labels[test]),
        class_names=names,
        notes=(f"{len(names)} of {CLASSES} classes",),
    )


def unpack_tiny_imagenet(store: Store, places: Places, *, archive: Archive = ARCHIVE) -> None:
    """Unpack the official archive into a store."""
    path = obtain(archive, name="tiny-imagenet", places=places)
    with zipfile.ZipFile(path) as file:
        root = PurePosixPath("tiny-imagenet-200")
        wnids = file.read(f"{root}/wnids.txt").decode().split()
        numbers = {wnid: number for number, wnid in enumerate(sorted(wnids))}
        words = dict(
            line.split("\t", 1) for line in file.read(f"{root}/words.txt").decode().splitlines()
        )
        train = sorted(n for n in file.namelist() if n.startswith(f"{root}/train/") and _is_jpeg(n))
        notes = file.read(f"{root}/val/val_annotations.txt").decode().splitlines()
        wnid_of = dict(line.split("\t")[:2] for line in notes)
        test = [f"{root}/val/images/{name}" for name in sorted(wnid_of)]
        store.images("train", _images(file, train), shape=(len(train), *SHAPE))
        store.labels("train", np.array([numbers[name.split("/")[2]] for name in train]))
        store.images("test", _images(file, test), shape=(len(test), *SHAPE))
        store.labels("test", np.array([numbers[wnid_of[PurePosixPath(n).name]] for n in test]))
    store.class_names(words.get(wnid, wnid).split(",")[0] for wnid in sorted(wnids))


def _is_jpeg(name: str) -> bool:
    return name.upper().endswith(".JPEG")


def _images(file: zipfile.ZipFile, names: list[str]) -> Iterator[NDArray[np.uint8]]:
    for first in range(0, len(names), AT_ONCE):
        chunk = [file.read(name) for name in names[first : first + AT_ONCE]]
        yield decode_all(chunk, label=f"images from {first:,}")
