"""Omniglot's background set: handwritten characters from 30 alphabets."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from nearfar.data._thread_pool import in_threads
from nearfar.data.named._archives import Archive, Places, obtain
from nearfar.data.named._named_set import ImageSet, Part
from nearfar.data.named._store import Store, unpacked

__all__ = ["load_omniglot", "unpack_omniglot"]

ARCHIVE = Archive(
    "images_background.zip",
    ("https://raw.githubusercontent.com/brendenlake/omniglot/master/python/images_background.zip",),
    "68d2efa1b9178cc56df9314c21c6e718",
)
SIDE = 105
TRAINING_ALPHABETS = 20  # the first of 30 in alphabetical order; the others are the test set


def load_omniglot(places: Places) -> ImageSet:
    """19,280 drawings of 964 characters, 105×105 pixels, white ink on black.

    Split by alphabet: the first 20 for pretraining, the last 10 for testing, so that no test
    character occurs in training. Each character is a class.
    """
    packed = places.find("omniglot_background.npz")
    if packed is None:
        loaded = unpacked("omniglot", places, fill=lambda store: unpack_omniglot(store, places))
    else:
        loaded = _read_packed(packed)
    return replace(loaded, style="drawing")


def _read_packed(path: Path) -> ImageSet:
    with np.load(path, allow_pickle=False) as arrays:
        bits = np.unpackbits(arrays["bits"], axis=1, count=SIDE * SIDE)
        images = bits.reshape(-1, 1, SIDE, SIDE) * np.uint8(255)
        labels = arrays["character"].astype(np.int64)
        test = arrays["alphabet"] >= TRAINING_ALPHABETS
        alphabets = arrays["alphabet_names"][arrays["char_alphabet"]]
        numbers = arrays["char_index"]
    names = [f"{a}/{int(n):02d}" for a, n in zip(alphabets, numbers, strict=True)]
    return ImageSet(
        train=Part(images[~test], labels[~test]),
        test=Part(images[test], labels[test]),
        class_names=tuple(names),
    )


def unpack_omniglot(store: Store, places: Places, *, archive: Archive = ARCHIVE) -> None:
    """Unpack the official archive into a store."""
    path = obtain(archive, name="omniglot", places=places)
    with zipfile.ZipFile(path) as file:
        members = sorted(name for name in file.namelist() if name.endswith(".png"))
        characters = [name.rsplit("/", 3)[-3:-1] for name in members]
        images = np.stack(in_threads(_ink, [file.read(name) for name in members]))
    class_names = sorted({(alphabet, character) for alphabet, character in characters})
    numbers = {name: number for number, name in enumerate(class_names)}
    labels = np.array([numbers[alphabet, character] for alphabet, character in characters])
    alphabets = sorted({alphabet for alphabet, _ in class_names})
    test = np.array([alphabets.index(a) >= TRAINING_ALPHABETS for a, _ in characters])
    for part, chosen in (("train", ~test), ("test", test)):
        store.images(part, [images[chosen]], shape=(int(chosen.sum()), 1, SIDE, SIDE))
        store.labels(part, labels[chosen])
    store.class_names(f"{a}/{c.removeprefix('character')}" for a, c in class_names)


def _ink(file: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    with Image.open(io.BytesIO(file)) as image:
        return 255 - np.asarray(image.convert("L"))[None]
