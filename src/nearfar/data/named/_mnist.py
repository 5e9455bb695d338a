"""MNIST and Fashion-MNIST, in their common IDX format."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from nearfar.data._idx_files import read_idx
from nearfar.data.named._archives import Archive, Places, obtain
from nearfar.data.named._named_set import ImageSet, Part
from nearfar.data.named._named_sources import DEBIAN

__all__ = ["load_fashion_mnist", "load_mnist", "read_idx"]

FILES = (
    "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte",
    "t10k-images-idx3-ubyte",
    "t10k-labels-idx1-ubyte",
)
MNIST = {
    "hosts": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "http://yann.lecun.com/exdb/mnist/",
    ),
    "md5": (
        "f68b3c2dcbeaaa9fbdd348bbdeb94873",
        "d53e105ee54ea40749a09fcbcd1e9432",
        "9fb629c4189551a2d022fa330f9573f3",
        "ec29112dd5afa0611ce80d1b7f02629c",
    ),
}
FASHION_MNIST = {
    "hosts": ("http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",),
    "md5": (
        "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
        "25c81989df183df01b3e8a0aad5dffbe",
        "bef4ecab320f06d8554ea6380940ec79",
        "bb300cfdad3c16e7a12a480ee83cd310",
    ),
}
FASHION_CLASSES = (
    "T-shirt/top",
    "trouser",
    "pullover",
    "dress",
    "coat",
    "sandal",
    "shirt",
    "sneaker",
    "bag",
    "ankle boot",
)


def load_mnist(places: Places) -> ImageSet:
    """60,000 training and 10,000 test grey images of 28×28 pixels of handwritten digits."""
    folder = places.find("mnist", "MNIST/raw")
    loaded = _load(_files("mnist", MNIST, folder, places), tuple(map(str, range(10))))
    return replace(loaded, style="drawing")


def load_fashion_mnist(places: Places) -> ImageSet:
    """60,000 training and 10,000 test grey images of 28×28 pixels of clothing."""
    folder = places.find("fashion-mnist", "FashionMNIST/raw")
    if folder is None and DEBIAN.is_dir():
        folder = DEBIAN
    return _load(_files("fashion-mnist", FASHION_MNIST, folder, places), FASHION_CLASSES)


def _files(
    name: str, published: dict[str, tuple[str, ...]], folder: Path | None, places: Places
) -> list[Path]:
    """Paths of the four files, from a folder that has all of them or downloaded."""
    paths = []
    for file, md5 in zip(FILES, published["md5"], strict=True):
        given = [folder / f"{file}.gz", folder / file] if folder is not None else []
        path = next((candidate for candidate in given if candidate.is_file()), None)
        if path is None:
            urls = tuple(f"{host}{file}.gz" for host in published["hosts"])
            path = obtain(Archive(f"{file}.gz", urls, md5), name=name, places=places)
        paths.append(path)
    return paths


def _load(paths: list[Path], class_names: tuple[str, ...]) -> ImageSet:
    images, labels, test_images, test_labels = map(read_idx, paths)
    return ImageSet(
        train=Part(images[:, None], labels.astype(np.int64)),
        test=Part(test_images[:, None], test_labels.astype(np.int64)),
        class_names=class_names,
    )
