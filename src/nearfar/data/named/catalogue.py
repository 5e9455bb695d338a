"""The names, what loads each, and which are here already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nearfar.checks import check_choice
from nearfar.data.named.archives import Places
from nearfar.data.named.cifar import load_cifar10, load_cifar100
from nearfar.data.named.digits import load_digits
from nearfar.data.named.image_set import ImageSet
from nearfar.data.named.mnist import DEBIAN, load_fashion_mnist, load_mnist
from nearfar.data.named.omniglot import load_omniglot
from nearfar.data.named.shapes import load_shapes
from nearfar.data.named.stl10 import load_stl10
from nearfar.data.named.tiny_imagenet import load_tiny_imagenet

__all__ = ["NAMES", "load_named", "named_sources"]


@dataclass(frozen=True)
class Entry:
    """A data set that has a name.

    Attributes:
        load: Reads it.
        images: What it holds.
        classes: How many.
        files: What is looked for under the user's folder.
        megabytes: Size of the download; 0 where there is none.
        origin: Where data that are never downloaded come from.
    """

    load: Callable[[Places], ImageSet]
    images: str
    classes: int
    files: tuple[str, ...] = ()
    megabytes: int = 0
    origin: str = ""


ENTRIES = {
    "cifar10": Entry(
        load_cifar10,
        "50,000 + 10,000 colour 32×32",
        10,
        ("cifar10_train.npz", "cifar-10-binary.tar.gz", "cifar10/cifar-10-binary.tar.gz"),
        170,
    ),
    "cifar100": Entry(
        load_cifar100,
        "50,000 + 10,000 colour 32×32",
        100,
        ("cifar-100-binary.tar.gz", "cifar100/cifar-100-binary.tar.gz"),
        169,
    ),
    "digits": Entry(load_digits, "1,797 grey 8×8", 10, origin="comes with scikit-learn"),
    "fashion-mnist": Entry(
        load_fashion_mnist,
        "60,000 + 10,000 grey 28×28",
        10,
        ("fashion-mnist", "FashionMNIST/raw"),
        31,
    ),
    "mnist": Entry(load_mnist, "60,000 + 10,000 grey 28×28", 10, ("mnist", "MNIST/raw"), 12),
    "omniglot": Entry(
        load_omniglot,
        "12,660 + 6,620 grey 105×105",
        964,
        ("omniglot_background.npz", "images_background.zip", "omniglot/images_background.zip"),
        9,
    ),
    "shapes": Entry(load_shapes, "5,000 + 1,000 colour 32×32", 8, origin="drawn on the spot"),
    "stl10": Entry(
        load_stl10,
        "105,000 (5,000 labelled) + 8,000 colour 96×96",
        10,
        ("stl10_binary.tar.gz", "stl10/stl10_binary.tar.gz"),
        2640,
    ),
    "tiny-imagenet": Entry(
        load_tiny_imagenet,
        "100,000 + 10,000 colour 64×64",
        200,
        (
            "tiny_imagenet_50.npz",
            "tiny-imagenet-200.zip",
            "tiny-imagenet/tiny-imagenet-200.zip",
        ),
        248,
    ),
}
NAMES = tuple(ENTRIES)


def load_named(name: str, *, places: Places | None = None) -> ImageSet:
    """A data set by name: from the user's folder, the cache, or its authors' server.

    Example:
        >>> digits = load_named("digits")
        >>> digits.train.images.shape, len(digits.class_names)
        ((1797, 1, 8, 8), 10)
    """
    check_choice(NAMES, name=name)
    return ENTRIES[name].load(places or Places.here())


def named_sources(*, data_dir: Path | None = None) -> list[dict[str, str]]:
    """Every name: images (training + test), classes, and where the data are or come from.

    Example:
        >>> named_sources()[2]
        {'name': 'digits', 'images': '1,797 grey 8×8', 'classes': '10',
         'where': 'comes with scikit-learn'}
    """
    places = Places.here(data_dir)
    return [
        {
            "name": name,
            "images": entry.images,
            "classes": str(entry.classes),
            "where": _where(name, entry, places),
        }
        for name, entry in ENTRIES.items()
    ]


def _where(name: str, entry: Entry, places: Places) -> str:
    if entry.origin:
        return entry.origin
    given = places.find(*entry.files)
    if given is None and name == "fashion-mnist" and DEBIAN.is_dir():
        given = DEBIAN
    cached = places.cache / name
    if (
        given is None
        and cached.is_dir()
        and any(not f.name.startswith(".") for f in cached.iterdir())
    ):
        given = cached
    return str(given) if given else f"to download, {entry.megabytes:,} MB"
