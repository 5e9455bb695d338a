"""The named datasets, their loading functions, and their locations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from nearfar.checks import check_choice
from nearfar.data.named._ag_news import AG_NEWS_FILES, load_ag_news
from nearfar.data.named._archives import Places
from nearfar.data.named._cifar import load_cifar10, load_cifar100
from nearfar.data.named._digits import load_digits
from nearfar.data.named._fsdd import FSDD_FILES, load_fsdd
from nearfar.data.named._mnist import load_fashion_mnist, load_mnist
from nearfar.data.named._multi30k import MULTI30K_FILES, load_multi30k
from nearfar.data.named._named_set import ImageSet, NamedSet, of_images
from nearfar.data.named._omniglot import load_omniglot
from nearfar.data.named._omniglot_pairs import load_omniglot_pairs
from nearfar.data.named._planetoid import load_citeseer, load_cora
from nearfar.data.named._rendered_shapes import load_shapes
from nearfar.data.named._stl10 import load_stl10
from nearfar.data.named._tiny_imagenet import load_tiny_imagenet
from nearfar.data.named._ucr import UCR_FILES, UCR_SETS, load_ucr

__all__ = ["NAMES", "is_name", "load_named", "named_modality", "named_set"]


@dataclass(frozen=True)
class Entry:
    """A named dataset.

    Attributes:
        load: Function that reads it.
        samples: Number and size of its samples.
        classes: Number of classes.
        modality: Modality of the samples.
        files: Names of its files in the user's folder.
        megabytes: Size of the download in MB; 0 if it is not downloaded.
        origin: Origin of a dataset that is neither read from the user's folder nor downloaded.
    """

    load: Callable[[Places], ImageSet] | Callable[[Places], NamedSet]
    samples: str
    classes: int
    files: tuple[str, ...] = ()
    megabytes: int = 0
    origin: str = ""
    modality: str = "images"


ENTRIES = {
    "ag-news": Entry(load_ag_news, "120,000 + 7,600 texts", 4, AG_NEWS_FILES, 31, modality="text"),
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
    "citeseer": Entry(
        load_citeseer,
        "3,327 nodes",
        6,
        ("planetoid_citeseer.npz", "ind.citeseer.allx"),
        1,
        modality="graphs",
    ),
    "cora": Entry(
        load_cora,
        "2,708 nodes",
        7,
        ("planetoid_cora.npz", "ind.cora.allx"),
        1,
        modality="graphs",
    ),
    "digits": Entry(load_digits, "1,797 grey 8×8", 10, origin="comes with scikit-learn"),
    "fashion-mnist": Entry(
        load_fashion_mnist,
        "60,000 + 10,000 grey 28×28",
        10,
        ("fashion-mnist", "FashionMNIST/raw"),
        31,
    ),
    "fsdd": Entry(
        load_fsdd, "2,700 + 300 recordings of spoken digits", 10, FSDD_FILES, modality="sequences"
    ),
    "mnist": Entry(load_mnist, "60,000 + 10,000 grey 28×28", 10, ("mnist", "MNIST/raw"), 12),
    "multi30k": Entry(
        load_multi30k, "captions of 29,000 + 1,000 images", 0, MULTI30K_FILES, modality="pairs"
    ),
    "omniglot": Entry(
        load_omniglot,
        "12,660 + 6,620 grey 105×105",
        964,
        ("omniglot_background.npz", "images_background.zip", "omniglot/images_background.zip"),
        9,
    ),
    "omniglot-pairs": Entry(
        load_omniglot_pairs,
        "633 characters by 20 people",
        331,
        ("omniglot_background.npz", "images_background.zip", "omniglot/images_background.zip"),
        9,
        modality="pairs",
    ),
    "shapes": Entry(load_shapes, "5,000 + 1,000 colour 32×32", 8, origin="generated on demand"),
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
    **{
        name: Entry(load_ucr(name), samples, classes, UCR_FILES, modality="sequences")
        for name, (_, samples, classes) in UCR_SETS.items()
    },
}
NAMES = tuple(ENTRIES)
"""Names of the datasets."""


def is_name(spec: object) -> bool:
    """Whether a string names a dataset; a folder of the same name must be given as ``./digits``."""
    return isinstance(spec, str) and spec in NAMES


def load_named(name: str, *, places: Places | None = None) -> ImageSet:
    """Load images by name, from the user's folder, the cache or their authors' server.

    Example:
        >>> digits = load_named("digits")
        >>> digits.train.images.shape, len(digits.class_names)
        ((1797, 1, 8, 8), 10)
    """
    check_choice([known for known in NAMES if named_modality(known) == "images"], name=name)
    loaded = ENTRIES[name].load(places or Places.here())
    assert isinstance(loaded, ImageSet)
    return loaded


def named_set(name: str, *, places: Places | None = None) -> NamedSet:
    """Load a dataset of any modality by name, as sources."""
    check_choice(NAMES, name=name)
    loaded = ENTRIES[name].load(places or Places.here())
    return of_images(loaded, name=name) if isinstance(loaded, ImageSet) else loaded


def named_modality(name: str) -> str:
    """Modality of a named dataset.

    >>> named_modality("digits")
    'images'
    """
    check_choice(NAMES, name=name)
    return ENTRIES[name].modality
