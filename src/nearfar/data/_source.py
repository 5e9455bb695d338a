"""The base classes of sources, and their batches."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import torch
from jaxtyping import Int64
from torch import Tensor

from nearfar.data._omissions import omissions
from nearfar.inputs import View, select

__all__ = [
    "Batch",
    "ImageSource",
    "Source",
    "check_positions",
    "color_word",
    "default_image_size",
    "describe_images",
]


@dataclass(frozen=True)
class Batch:
    """Several samples, without labels.

    Attributes:
        inputs: The samples' content, such as :class:`nearfar.inputs.Images`.
        samples: Index of each sample, for :meth:`Source.identify` and for random seeds.
    """

    inputs: View
    samples: Int64[Tensor, " batch"]

    def __len__(self) -> int:
        return len(self.samples)

    def split(self, parts: int) -> list[Batch]:
        """Split into `parts` batches of nearly equal size, in order."""
        rows = torch.arange(len(self)).tensor_split(parts)
        return [Batch(select(self.inputs, row), self.samples[row]) for row in rows]


class Source(ABC):
    """A finite, ordered collection of samples with random access.

    Reading is a pure function of the positions: it has no randomness, and no state that a resumed
    run would have to restore.

    Attributes:
        name: Short name, such as ``digits`` or ``photos``.
        modality: Modality of the samples: ``images``, ``sequences``, ``text``, ``graphs``,
            ``vectors``, ``pairs``, or a modality of another package.
        at_once: Default number of samples per read.
    """

    name: str
    modality: ClassVar[str]
    at_once: int = 256

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        """The samples at these positions, each from 0 to ``len(self) - 1``."""

    def chunks(self, size: int | None = None) -> Iterator[Batch]:
        """All samples in order, `size` at a time; :attr:`at_once` by default."""
        size = size or self.at_once
        for start in range(0, len(self), size):
            yield self.read(range(start, min(start + size, len(self))))

    @abstractmethod
    def identify(self, sample: int) -> str:
        """A human-readable name of a sample: its path inside the folder, or ``row 17``.

        Args:
            sample: Sample index, as in :attr:`Batch.samples` and :attr:`samples`.
        """

    @abstractmethod
    def describe(self) -> str:
        """Count, kind and size: ``1,797 grey images 8×8``."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """A hash of the data, as 16 hexadecimal digits."""

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        """Fingerprints that earlier versions of nearfar gave to these data.

        A run that was started by such a version is resumed if its fingerprint is one of these.
        """
        return ()

    @property
    def root(self) -> Source:
        """The source itself; for a :class:`Subset`, the source it was selected from."""
        return self

    @property
    def samples(self) -> Int64[Tensor, " samples"]:
        """Sample index at each position; equal to the position except in a :class:`Subset`."""
        return torch.arange(len(self))

    @property
    def in_memory(self) -> bool:
        """Whether reading a sample decodes no file, so that all of them can be compared quickly."""
        return False

    def file_of(self, position: int) -> Path | bytes | None:
        """The file that holds this sample and nothing else; None if there is none."""
        return None

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes for the user, such as skipped files or rescaled values.

        A note on samples that are left out is a :class:`nearfar.data.Omission`.
        """
        return ()

    @property
    def omissions(self) -> tuple[str, ...]:
        """Those :attr:`notes` that report samples left out, without a row in any result."""
        return omissions(self.notes)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.describe()}>"


class ImageSource(Source):
    """A source of images.

    Attributes:
        channels: Number of channels of every image.
        image_size: Default side length of views.
        style: Style of the images, which selects the augmentations: ``drawing``, ``natural``, or
            None if unknown.
        missing_value: Value that marks missing ones; None if there is none.
    """

    modality: ClassVar = "images"
    channels: int
    image_size: int
    style: Literal["drawing", "natural"] | None = None
    missing_value: float | None = None

    @property
    def value_range(self) -> tuple[float, float] | None:
        """The (low, high) that were mapped to (0, 1); None if unknown."""
        return None


def check_positions(positions: Sequence[int] | Tensor, *, length: int) -> Int64[Tensor, " batch"]:
    """Convert positions to an integer vector, and check that each is within the source."""
    index = torch.as_tensor(positions, dtype=torch.int64, device="cpu").reshape(-1)
    if index.numel() and not 0 <= int(index.min()) <= int(index.max()) < length:
        outside = index[(index < 0) | (index >= length)]
        raise IndexError(f"`positions` must lie between 0 and {length - 1}, got {int(outside[0])}")
    return index


def default_image_size(short_side: int) -> int:
    """Default side length of views for images with this short side.

    >>> [default_image_size(side) for side in (8, 28, 50, 96, 105, 200, 480)]
    [16, 28, 52, 96, 96, 128, 224]
    """
    if short_side <= 96:
        return max(16, -(-short_side // 4) * 4)
    return 96 if short_side < 128 else 128 if short_side < 224 else 224


def describe_images(count: int, *, channels: int, extents: Iterable[tuple[int, int]]) -> str:
    """Number, colour mode, and smallest and largest (height, width) of images.

    >>> describe_images(1200, channels=1, extents=[(30, 40), (8, 8)])
    '1,200 grey images 8×8 to 40×30'
    """
    shown = sorted(set(extents), key=lambda extent: (extent[0] * extent[1], extent))
    (height, width), (most_height, most_width) = shown[0], shown[-1]
    sizes = f"{width}×{height}"
    if len(shown) > 1:
        sizes += f" to {most_width}×{most_height}"
    return f"{count:,} {color_word(channels)} image{'' if count == 1 else 's'} {sizes}"


def color_word(channels: int) -> str:
    """``grey``, ``colour`` or the number of channels."""
    return {1: "grey", 3: "colour"}.get(channels, f"{channels}-channel")
