"""Files of point clouds: how they are recognised, opened, and labelled."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data import (
    Batch,
    Confidence,
    DataKind,
    DataPreview,
    LabeledData,
    Source,
    check_positions,
    with_labels,
)
from pointclouds.inputs import Clouds

ENDING = ".clouds"


@final
class CloudSource(Source):
    """Point clouds in memory: all points one after the other, and where each cloud begins."""

    modality: ClassVar = "pointclouds"

    def __init__(self, points: NDArray[Any], offsets: NDArray[Any], *, name: str) -> None:
        if points.ndim != 2 or points.shape[1] != 3:
            raise ValueError(f"`points` must be points × 3, got shape {points.shape}")
        self.name = name
        self._points = torch.from_numpy(points.astype(np.float32))
        self._offsets = [int(offset) for offset in offsets]

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        if not len(index):
            return Batch(Clouds(torch.zeros(0, 1, 3), index), index)
        spans = [(self._offsets[i], self._offsets[i + 1]) for i in index.tolist()]
        return Batch(Clouds.of([self._points[start:stop] for start, stop in spans]), index)

    def identify(self, sample: int) -> str:
        return f"cloud {sample}"

    def describe(self) -> str:
        return f"{len(self):,} point clouds of {len(self._points) // len(self):,} points"

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(self._points.numpy().tobytes(), digest_size=8)
        digest.update(str(self._offsets).encode())
        return digest.hexdigest()


def open_clouds(spec: Any, *, split: str = "train", every: int = 1) -> Source:
    """Point clouds from a file, or from an array of clouds × points × 3.

    Args:
        spec: A ``.clouds`` or ``.npz`` file with ``points`` and ``offsets``, or an array.
        split: There is no test set.
        every: Of each cloud only every so-manieth point is read.
    """
    if split == "test":
        raise ValueError("point clouds have no official test set: use `split`='train'")
    if isinstance(spec, np.ndarray):
        thinned = spec[:, ::every]
        offsets = np.arange(len(thinned) + 1) * thinned.shape[1]
        return CloudSource(thinned.reshape(-1, 3), offsets, name="array")
    held = _read(spec)
    clouds = np.split(held["points"], held["offsets"][1:-1])
    thinned = [cloud[::every] for cloud in clouds]
    offsets = np.cumsum([0, *map(len, thinned)])
    return CloudSource(np.concatenate(thinned), offsets, name=Path(spec).stem)


def label_clouds(spec: Any, *, labels: str | None = None, **options: Any) -> LabeledData:
    """Point clouds and the array ``y`` of the same file."""
    held = _read(spec) if isinstance(spec, Path) else {}
    if "y" not in held:
        raise ValueError("point clouds without an array y have no labels: give them as `labels`")
    return with_labels(open_clouds(spec, **options), held["y"])


def recognize(preview: DataPreview) -> Confidence:
    """Files with the ending, and files of arrays called points and offsets."""
    if {"points", "offsets"} <= set(preview.arrays):
        return Confidence.CERTAIN
    return Confidence.LIKELY if preview.ending == ENDING else Confidence.NO


def _read(path: Path) -> dict[str, NDArray[Any]]:
    with np.load(path, allow_pickle=False) as held:
        missing = {"points", "offsets"} - set(held.files)
        if missing:
            raise ValueError(f"{path.name} must hold arrays points and offsets, got {held.files}")
        return {name: held[name] for name in held.files}


CLOUDS = DataKind(
    name="pointclouds",
    open=open_clouds,
    label=label_clouds,
    recognizes=recognize,
    endings=(ENDING, ".npz"),
)
