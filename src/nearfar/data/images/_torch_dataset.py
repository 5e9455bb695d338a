"""Images from a PyTorch dataset."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from statistics import median_low
from typing import Any, final

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.utils.data import Dataset, IterableDataset

from nearfar.data._source import (
    Batch,
    ImageSource,
    check_positions,
    default_image_size,
    describe_images,
)
from nearfar.data.images._image_arrays import channel_axis
from nearfar.inputs import Images

__all__ = ["DatasetSource"]

LOOKED_AT = 64  # items read when the dataset is opened
IMAGE_KEYS = ("image", "img", "pixel_values")


@final
class DatasetSource(ImageSource):
    """The images of a map-style dataset; anything else in its items is ignored.

    An item is an image, a tuple whose first element is one, or a mapping with ``image``, ``img`` or
    ``pixel_values``. An image is a PIL image, or an H×W, H×W×C or C×H×W array or tensor of bytes or
    floating-point numbers. At opening, 64 evenly spaced items are read to determine the number of
    channels and the typical size. If their floating-point values are not within [0, 1], as in a
    dataset that normalises, they also determine the range that is mapped to [0, 1]; values outside
    it are clamped. Items are read from the dataset one at a time, and are not cached.

    Args:
        dataset: Dataset with ``__len__`` and ``__getitem__``.
        name: Short name; that of the dataset's class by default.
        channels: Number of channels: 1 (grey), 3 (RGB) or 4 (RGBA) for PIL images; for arrays,
            resolves an ambiguous channel axis.
        value_range: The (low, high) to map to (0, 1); by default determined from the items read at
            opening.

    Raises:
        TypeError: Not a map-style dataset, or items that are not images.
        ValueError: Fewer than two items, or images with the wrong number of axes.
    """

    def __init__(
        self,
        dataset: Dataset[Any],
        *,
        name: str | None = None,
        channels: int | None = None,
        value_range: tuple[float, float] | None = None,
    ) -> None:
        if isinstance(dataset, IterableDataset) or not hasattr(dataset, "__len__"):
            raise TypeError(
                "a dataset must have a length and integer indexing (map-style),"
                f" got {type(dataset).__name__}"
            )
        self.name = name or type(dataset).__name__.lower()
        self.dataset = dataset
        self._length = len(dataset)
        if self._length < 2:
            raise ValueError(f"at least 2 images are needed, got {self._length} in {self.name}")
        self._wanted = channels
        picked = np.linspace(0, self._length - 1, min(LOOKED_AT, self._length)).astype(int).tolist()
        pictures = [self._picture(position) for position in picked]
        if channels is None and all(isinstance(picture, Image.Image) for picture in pictures):
            gray = all(getattr(picture, "mode", "") in ("1", "L", "LA") for picture in pictures)
            self._wanted = 1 if gray else 3
        looked_at = [self._tensor(p, at) for p, at in zip(pictures, picked, strict=True)]
        self.channels = looked_at[0].shape[0]
        self._range = value_range or _odd_range(looked_at)
        self._sizes = [(image.shape[1], image.shape[2]) for image in looked_at]
        self.image_size = default_image_size(median_low(min(size) for size in self._sizes))

    def __len__(self) -> int:
        return self._length

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        images = []
        for position in index.tolist():
            image = self._tensor(self._picture(position), position)
            if image.shape[0] != self.channels:
                raise ValueError(
                    f"item {position} of {self.name} has {image.shape[0]} channels,"
                    f" others have {self.channels}"
                )
            images.append(self._in_range(image, position))
        return Batch(Images.of(images), index)

    def identify(self, sample: int) -> str:
        return f"row {sample}"

    def describe(self) -> str:
        said = describe_images(len(self), channels=self.channels, extents=self._sizes)
        several = len(set(self._sizes)) > 1
        return f"{said} (of {len(self._sizes)} inspected)" if several else said

    @property
    def notes(self) -> tuple[str, ...]:
        if self._range is None:
            return ()
        low, high = self._range
        return (f"values from {low:g} to {high:g} mapped to 0..1, others clamped",)

    @property
    def value_range(self) -> tuple[float, float] | None:
        return self._range

    @cached_property
    def fingerprint(self) -> str:
        digest = hashlib.blake2b(digest_size=8)
        kind = type(self.dataset)
        digest.update(f"{kind.__module__}.{kind.__qualname__} {len(self)}".encode())
        for position in (0, self._length // 2, self._length - 1):
            once, again = (self._tensor(self._picture(position), position) for _ in range(2))
            if torch.equal(once, again):  # differs if the dataset augments at random
                digest.update(once.numpy().tobytes())
        return digest.hexdigest()

    def _picture(self, position: int) -> Any:
        item: Any = self.dataset[position]
        if isinstance(item, (tuple, list)) and item:
            return item[0]
        if isinstance(item, dict):
            key = next((key for key in IMAGE_KEYS if key in item), None)
            if key is None:
                raise TypeError(
                    f"item {position} of {self.name} has none of the keys {', '.join(IMAGE_KEYS)},"
                    f" got {', '.join(map(str, item))}"
                )
            return item[key]
        return item

    def _tensor(self, picture: Any, position: int) -> Tensor:
        """Channels × height × width, uint8 or float32."""
        if isinstance(picture, Image.Image):
            mode = {1: "L", 4: "RGBA"}.get(self._wanted or 3, "RGB")
            pixels = np.array(picture.convert(mode))
            return torch.from_numpy(pixels.reshape(*pixels.shape[:2], -1)).permute(2, 0, 1)
        if not isinstance(picture, (np.ndarray, Tensor)):
            raise TypeError(
                f"item {position} of {self.name} must be a PIL image, an array or a tensor,"
                f" got {type(picture).__name__}"
            )
        image = torch.as_tensor(picture).detach().cpu()
        if image.dtype != torch.uint8 and not image.is_floating_point():
            raise TypeError(
                f"item {position} of {self.name} must contain bytes or floating-point numbers,"
                f" got {image.dtype}"
            )
        axis = channel_axis((2, *image.shape), channels=self._wanted)
        image = image[None] if axis is None else image.movedim(axis - 1, 0)
        return image if image.dtype == torch.uint8 else image.float()

    def _in_range(self, image: Tensor, position: int) -> Tensor:
        if image.dtype == torch.uint8:
            return image
        if not bool(torch.isfinite(image).all()):
            raise ValueError(f"item {position} of {self.name} has NaN or infinite values")
        if self._range is None:
            return image.clamp(0, 1)
        low, high = self._range
        return ((image - low) / ((high - low) or 1.0)).clamp(0, 1)


def _odd_range(images: list[Tensor]) -> tuple[float, float] | None:
    """The range of floating-point images if it is not within [0, 1]."""
    values = [image for image in images if image.is_floating_point()]
    if not values:
        return None
    low = min(float(image.nan_to_num(0, 0, 0).min()) for image in values)
    high = max(float(image.nan_to_num(0, 0, 0).max()) for image in values)
    return None if low >= 0 and high <= 1 else (low, high)
