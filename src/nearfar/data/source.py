"""What every source of images is, and what it hands out."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

__all__ = ["Batch", "Source", "check_positions", "colour_word", "default_image_size"]


@dataclass(frozen=True)
class Batch:
    """Images of several samples; no labels.

    Attributes:
        images: uint8 in 0..255 or float32 in [0, 1]. Images of different sizes are padded with
            zeros at the bottom and at the right.
        samples: What each image is, for :meth:`Source.identify` and for everything random.
        sizes: Height and width before padding; None where nothing was padded.
    """

    images: (
        UInt8[Tensor, "batch channels height width"] | Float[Tensor, "batch channels height width"]
    )
    samples: Int64[Tensor, " batch"]
    sizes: Int64[Tensor, "batch 2"] | None = None

    @classmethod
    def of(cls, images: Sequence[Tensor], samples: Int64[Tensor, " batch"]) -> Batch:
        """Stack images (channels × height × width), padding where sizes differ."""
        sizes = torch.tensor([image.shape[-2:] for image in images], dtype=torch.int64)
        height, width = sizes.amax(0).tolist()
        if bool((sizes == sizes[0]).all()):
            return cls(images=torch.stack(list(images)), samples=samples)
        first = images[0]
        padded = first.new_zeros(len(images), first.shape[0], height, width)
        for row, image in zip(padded, images, strict=True):
            row[:, : image.shape[1], : image.shape[2]] = image
        return cls(images=padded, samples=samples, sizes=sizes)


class Source(ABC):
    """A finite, ordered collection of images that can be read in any order, as often as wanted.

    Reading is a pure function of the positions: no randomness, no state that a resumed run would
    have to restore.

    Attributes:
        name: Short name: ``digits``, ``photos``.
        channels: Channels of every image.
        image_size: Side length at which views are shown unless a user says otherwise.
    """

    name: str
    channels: int
    image_size: int

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        """The images at these positions, each from 0 to ``len(self) - 1``."""

    @abstractmethod
    def identify(self, sample: int) -> str:
        """What a sample is to a person: a path inside the folder, or ``row 17``.

        Args:
            sample: As in :attr:`Batch.samples` and :attr:`samples`.
        """

    @abstractmethod
    def describe(self) -> str:
        """Count, colours and size: ``1,797 grey images 8×8``."""

    @property
    @abstractmethod
    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when the data change."""

    @property
    def samples(self) -> Int64[Tensor, " samples"]:
        """The sample at each position; the position itself, but for a :class:`Subset`."""
        return torch.arange(len(self))

    @property
    def notes(self) -> tuple[str, ...]:
        """What a user should know: files skipped, values rescaled."""
        return ()

    @property
    def value_range(self) -> tuple[float, float] | None:
        """The (low, high) that were mapped to (0, 1); None where values were taken as they are."""
        return None

    def __repr__(self) -> str:
        return f"<{self.name}: {self.describe()}>"


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


def colour_word(channels: int) -> str:
    """``grey``, ``colour`` or the number of channels."""
    return {1: "grey", 3: "colour"}.get(channels, f"{channels}-channel")
