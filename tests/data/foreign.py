"""The same few samples as objects of many libraries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import Dataset, IterableDataset

__all__ = [
    "COUNT",
    "IMAGES",
    "LABELS",
    "SIZES",
    "TEXTS",
    "VECTORS",
    "LightlyDataset",
    "Listed",
    "Streamed",
    "hub",
    "hub_images",
]

COUNT = 24
_random = np.random.default_rng(0)
VECTORS = torch.from_numpy(_random.normal(size=(COUNT, 6))).float()
SIZES = [(16 + n % 3, 20) for n in range(COUNT)]
IMAGES = [
    Image.fromarray(_random.integers(0, 256, size=(*size, 3), dtype=np.uint8)) for size in SIZES
]
TEXTS = [f"text number {n} of the {('good', 'bad')[n % 2]} ones" for n in range(COUNT)]
LABELS = [n % 2 for n in range(COUNT)]


class Listed(Dataset[Any]):
    """A map-style dataset."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, position: int) -> Any:
        return self.items[position]


class Streamed(IterableDataset[Any]):
    """A dataset that can be iterated only."""

    def __init__(self, items: list[Any]) -> None:
        self.items = items

    def __iter__(self) -> Iterator[Any]:
        return iter(self.items)


class LightlyDataset:
    """As ``lightly.data.LightlyDataset``: no dataset of PyTorch, its items name their files."""

    def __len__(self) -> int:
        return COUNT

    def __getitem__(self, position: int) -> tuple[Image.Image, int, str]:
        return IMAGES[position], LABELS[position], self.get_filenames()[position]

    def get_filenames(self) -> list[str]:
        return [f"{('cat', 'dog')[n % 2]}/{n:02d}.png" for n in range(COUNT)]


def hub(**columns: Any) -> Any:
    """A dataset of Hugging Face's library whose labels have names."""
    datasets = pytest.importorskip("datasets")
    made = datasets.Dataset.from_dict(columns | {"label": LABELS})
    return made.cast_column("label", datasets.ClassLabel(names=["cat", "dog"]))


def hub_images() -> Any:
    """The images as a dataset of Hugging Face's library."""
    datasets = pytest.importorskip("datasets")
    features = {"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"])}
    columns = {"image": IMAGES, "label": LABELS}
    return datasets.Dataset.from_dict(columns, features=datasets.Features(features))
