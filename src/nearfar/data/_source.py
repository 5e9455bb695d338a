"""What every source is, and what it hands out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Int64
from torch import Tensor

from nearfar.inputs import View, select

__all__ = [
    "Batch",
    "ImageSource",
    "Source",
    "check_positions",
    "colour_word",
    "default_image_size",
    "describe_images",
]


@dataclass(frozen=True)
class Batch:
    """Several samples; no labels.

    Attributes:
        inputs: What the samples are: :class:`nearfar.inputs.Images` and the like.
        samples: The number of each, for :meth:`Source.identify` and for everything random.
    """

    inputs: View
    samples: Int64[Tensor, " batch"]

    def __len__(self) -> int:
        return len(self.samples)

    def split(self, parts: int) -> list[Batch]:
        """Parts as equal as they can be, the samples in their order."""
        rows = torch.arange(len(self)).tensor_split(parts)
        return [Batch(select(self.inputs, row), self.samples[row]) for row in rows]


class Source(ABC):
    """A finite, ordered collection of samples that can be read in any order, as often as wanted.

    Reading is a pure function of the positions: no randomness, no state that a resumed run would
    have to restore.

    Attributes:
        name: Short name: ``digits``, ``photos``.
        modality: The kind of the samples: ``images``, ``sequences``, ``text``, ``graphs``,
            ``vectors``, ``pairs``, or the name of a kind of another package.
        at_once: Samples that are best read at once where nothing else decides.
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
        """All samples in their order, `size` at a time; :attr:`at_once` if not given."""
        size = size or self.at_once
        for start in range(0, len(self), size):
            yield self.read(range(start, min(start + size, len(self))))

    @abstractmethod
    def identify(self, sample: int) -> str:
        """What a sample is to a person: a path inside the folder, or ``row 17``.

        Args:
            sample: As in :attr:`Batch.samples` and :attr:`samples`.
        """

    @abstractmethod
    def describe(self) -> str:
        """Count, kind and size: ``1,797 grey images 8×8``."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when the data change."""

    @property
    def root(self) -> Source:
        """The source itself, but for a :class:`Subset` what it was selected from."""
        return self

    @property
    def samples(self) -> Int64[Tensor, " samples"]:
        """The sample at each position; the position itself, but for a :class:`Subset`."""
        return torch.arange(len(self))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know: files skipped, values rescaled."""
        return ()

    def __repr__(self) -> str:
        return f"<{self.name}: {self.describe()}>"


class ImageSource(Source):
    """A source of images.

    Attributes:
        channels: Channels of every image.
        image_size: Side length at which views are shown unless a user says otherwise.
    """

    modality: ClassVar = "images"
    channels: int
    image_size: int

    @property
    def value_range(self) -> tuple[float, float] | None:
        """The (low, high) that were mapped to (0, 1); None where values were taken as they are."""
        return None


def check_positions(positions: Sequence[int] | Tensor, *, length: int) -> Int64[Tensor, " batch"]:
    """Positions as a vector of integers, each one within the source."""
    index = torch.as_tensor(positions, dtype=torch.int64, device="cpu").reshape(-1)
    if index.numel() and not 0 <= int(index.min()) <= int(index.max()) < length:
        outside = index[(index < 0) | (index >= length)]
        raise IndexError(f"`positions` must lie between 0 and {length - 1}, got {int(outside[0])}")
    return index


def default_image_size(short_side: int) -> int:
    """At what size images with this short side are shown.

    >>> [default_image_size(side) for side in (8, 28, 50, 96, 105, 200, 480)]
    [16, 28, 52, 96, 96, 128, 224]
    """
    if short_side <= 96:
        return max(16, -(-short_side // 4) * 4)
    return 96 if short_side < 128 else 128 if short_side < 224 else 224


def describe_images(count: int, *, channels: int, extents: Iterable[tuple[int, int]]) -> str:
    """Count, colours, and the smallest and largest (height, width) of images.

    >>> describe_images(1200, channels=1, extents=[(30, 40), (8, 8)])
    '1,200 grey images 8×8 to 40×30'
    """
    shown = sorted(set(extents), key=lambda extent: (extent[0] * extent[1], extent))
    (height, width), (most_height, most_width) = shown[0], shown[-1]
    sizes = f"{width}×{height}"
    if len(shown) > 1:
        sizes += f" to {most_width}×{most_height}"
    return f"{count:,} {colour_word(channels)} images {sizes}"


def colour_word(channels: int) -> str:
    """``grey``, ``colour`` or the number of channels."""
    return {1: "grey", 3: "colour"}.get(channels, f"{channels}-channel")
