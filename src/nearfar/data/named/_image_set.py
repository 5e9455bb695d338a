"""A data set known by name: images in arrays, labels apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int64, UInt8

__all__ = ["ImageSet", "Part"]


@dataclass(frozen=True)
class Part:
    """Images and the class of each."""

    images: UInt8[np.ndarray, "samples channels height width"]
    labels: Int64[np.ndarray, " samples"]


@dataclass(frozen=True)
class ImageSet:
    """A labelled set as its authors split it.

    Attributes:
        train: What probes are trained on.
        class_names: Name of each label.
        test: What probes are judged on; None without an official split.
        unlabelled: Further images for pretraining.
        notes: What a user should know about this copy.
        style: ``drawing`` for glyphs, which are augmented mildly and not mirrored.
    """

    train: Part
    class_names: tuple[str, ...]
    test: Part | None = None
    unlabelled: UInt8[np.ndarray, "unlabelled channels height width"] | None = None
    notes: tuple[str, ...] = ()
    style: Literal["drawing", "natural"] = "natural"
