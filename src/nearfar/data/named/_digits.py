"""Handwritten digits from scikit-learn."""

from __future__ import annotations

import numpy as np

from nearfar.data.named._archives import Places
from nearfar.data.named._named_set import ImageSet, Part

__all__ = ["load_digits"]


def load_digits(places: Places) -> ImageSet:
    """1,797 grey images of 8×8 pixels in 10 classes, without an official split."""
    from sklearn.datasets import load_digits as load

    bunch = load()
    images = np.rint(bunch.images * (255 / 16)).astype(np.uint8)
    return ImageSet(
        train=Part(images[:, None], bunch.target.astype(np.int64)),
        class_names=tuple(map(str, range(10))),
        style="drawing",
    )
