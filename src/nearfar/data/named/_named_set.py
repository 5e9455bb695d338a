"""The content of a named dataset of any modality."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
from jaxtyping import Int64, UInt8
from numpy.typing import NDArray

from nearfar.data._joined import Joined
from nearfar.data._source import Source
from nearfar.data.images._image_arrays import ArraySource

__all__ = ["ImageSet", "NamedSet", "Part", "of_images"]


@dataclass(frozen=True)
class Part:
    """Images with their classes."""

    images: UInt8[np.ndarray, "samples channels height width"]
    labels: Int64[np.ndarray, " samples"]


@dataclass(frozen=True)
class ImageSet:
    """A labelled set of images with its official split.

    Attributes:
        train: Images that probes are trained on.
        class_names: Name of each class.
        test: Images that probes are evaluated on; None without an official split.
        unlabeled: Further images for pretraining.
        notes: Notes on this copy for the user.
        style: ``drawing`` for glyphs, whose augmentations are weak, without flips; otherwise None.
    """

    train: Part
    class_names: tuple[str, ...]
    test: Part | None = None
    unlabeled: UInt8[np.ndarray, "unlabeled channels height width"] | None = None
    notes: tuple[str, ...] = ()
    style: Literal["drawing", "natural"] = "natural"


@dataclass(frozen=True)
class NamedSet:
    """Sources with their official split, and labels for evaluation.

    Attributes:
        pretrain: Samples for pretraining: everything but the test set, or a whole graph.
        train: Samples that probes are trained on.
        labels: One or several sets of labels of `train`, integers or strings; the first is the
            default.
        test: Samples that probes are evaluated on; None without an official split.
        test_labels: The sets of labels of `test`.
        everything: All samples; by default `pretrain` and `test`.
        class_names: Class names for the first set of labels, if these are numbers from 0.
    """

    pretrain: Source
    train: Source
    labels: Mapping[str, NDArray[Any]]
    test: Source | None = None
    test_labels: Mapping[str, NDArray[Any]] | None = None
    everything: Source | None = None
    class_names: tuple[str, ...] = ()

    def all(self) -> Source:
        """All samples."""
        if self.everything is not None:
            return self.everything
        if self.test is None:
            return self.pretrain
        return Joined([self.pretrain, self.test], name=self.test.name.replace("-test", "-all"))


def of_images(loaded: ImageSet, *, name: str) -> NamedSet:
    """Convert a set of images in arrays."""
    source = partial(ArraySource, style=loaded.style)
    train = source(loaded.train.images, name=name, notes=loaded.notes)
    pretrain: Source = train
    if loaded.unlabeled is not None:
        more = source(loaded.unlabeled, name=name, notes=loaded.notes)
        pretrain = Joined([train, more], name=name)
    held_out = loaded.test
    return NamedSet(
        pretrain=pretrain,
        train=train,
        labels={"class": loaded.train.labels},
        test=source(held_out.images, name=f"{name}-test") if held_out else None,
        test_labels={"class": held_out.labels} if held_out else None,
        class_names=loaded.class_names,
    )
