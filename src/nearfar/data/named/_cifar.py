"""CIFAR-10 and CIFAR-100, from the binary archives (the Python versions are pickles)."""

from __future__ import annotations

import tarfile

import numpy as np
from numpy.typing import NDArray

from nearfar.data.named._archives import Archive, Places, obtain
from nearfar.data.named._named_set import ImageSet, Part
from nearfar.data.named._sheets import read_sheets
from nearfar.data.named._store import Store, unpacked

__all__ = ["load_cifar10", "load_cifar100", "unpack_cifar10", "unpack_cifar100"]

HOST = "https://www.cs.toronto.edu/~kriz/"
CIFAR10 = Archive(
    "cifar-10-binary.tar.gz",
    (f"{HOST}cifar-10-binary.tar.gz",),
    "c32a1d4ab5d03f1284b67883e8d87530",
)
CIFAR100 = Archive(
    "cifar-100-binary.tar.gz",
    (f"{HOST}cifar-100-binary.tar.gz",),
    "03b5dce01913d631647c71ecec9e9cb8",
)
SHAPE = (3, 32, 32)
PIXELS = 3 * 32 * 32


def load_cifar10(places: Places) -> ImageSet:
    """50,000 training and 10,000 test colour images of 32×32 pixels in 10 classes.

    In the user's folder, ``cifar10_train.npz`` and ``cifar10_test1k.npz`` contain the training set
    and the first 1,000 test images as losslessly compressed sheets.
    """
    train, test = places.find("cifar10_train.npz"), places.find("cifar10_test1k.npz")
    if train is None or test is None:
        return unpacked("cifar10", places, fill=lambda store: unpack_cifar10(store, places))
    images, labels, class_names = read_sheets(train)
    test_images, test_labels, _ = read_sheets(test)
    return ImageSet(
        train=Part(images, labels),
        test=Part(test_images, test_labels),
        class_names=class_names,
        notes=(f"test: the first {len(test_labels):,} of 10,000 official images",),
    )


def load_cifar100(places: Places) -> ImageSet:
    """50,000 training and 10,000 test colour images of 32×32 pixels in 100 (fine) classes."""
    return unpacked("cifar100", places, fill=lambda store: unpack_cifar100(store, places))


def unpack_cifar10(store: Store, places: Places, *, archive: Archive = CIFAR10) -> None:
    """Unpack the official archive into a store."""
    path = obtain(archive, name="cifar10", places=places)
    with tarfile.open(path) as tar:
        folder = "cifar-10-batches-bin/"
        train = [_records(tar, f"{folder}data_batch_{n}.bin", labels=1) for n in range(1, 6)]
        _write(store, "train", np.concatenate(train), labels=1)
        _write(store, "test", _records(tar, f"{folder}test_batch.bin", labels=1), labels=1)
        store.class_names(_lines(tar, f"{folder}batches.meta.txt"))


def unpack_cifar100(store: Store, places: Places, *, archive: Archive = CIFAR100) -> None:
    """Unpack the official archive into a store."""
    path = obtain(archive, name="cifar100", places=places)
    with tarfile.open(path) as tar:
        folder = "cifar-100-binary/"
        for part in ("train", "test"):
            _write(store, part, _records(tar, f"{folder}{part}.bin", labels=2), labels=2)
        store.class_names(_lines(tar, f"{folder}fine_label_names.txt"))


def _read(tar: tarfile.TarFile, member: str) -> bytes:
    file = tar.extractfile(member)
    if file is None:
        raise ValueError(f"{tar.name!s} has no file {member}")
    return file.read()


def _lines(tar: tarfile.TarFile, member: str) -> list[str]:
    return _read(tar, member).decode().split()


def _records(tar: tarfile.TarFile, member: str, *, labels: int) -> NDArray[np.uint8]:
    content = np.frombuffer(_read(tar, member), np.uint8)
    return content.reshape(-1, labels + PIXELS)  # the last label byte is the (fine) class


def _write(store: Store, part: str, records: NDArray[np.uint8], *, labels: int) -> None:
    images = records[:, labels:].reshape(-1, *SHAPE)
    store.images(part, [images], shape=(len(images), *SHAPE))
    store.labels(part, records[:, labels - 1])
