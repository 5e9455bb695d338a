"""A batch of images before augmentation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import torch
from jaxtyping import Float, Int64, UInt8
from torch import Tensor

from nearfar.inputs._inputs import Inputs

__all__ = ["Images"]


@final
@dataclass(frozen=True, eq=False)
class Images(Inputs):
    """Images, zero-padded at the bottom and right if sizes differ.

    Attributes:
        pixels: uint8 in 0..255 or float32 in [0, 1].
        sizes: Height and width before padding; None without padding.
    """

    pixels: (
        UInt8[Tensor, "batch channels height width"] | Float[Tensor, "batch channels height width"]
    )
    sizes: Int64[Tensor, "batch 2"] | None = None

    @classmethod
    def of(cls, images: Sequence[Tensor]) -> Images:
        """Stack images (channels × height × width), padding if sizes differ."""
        sizes = torch.tensor([image.shape[-2:] for image in images], dtype=torch.int64)
        height, width = sizes.amax(0).tolist()
        if bool((sizes == sizes[0]).all()):
            return cls(torch.stack(list(images)))
        first = images[0]
        padded = first.new_zeros(len(images), first.shape[0], height, width)
        for row, image in zip(padded, images, strict=True):
            row[:, : image.shape[1], : image.shape[2]] = image
        return cls(padded, sizes)

    def __len__(self) -> int:
        return len(self.pixels)

    def select(self, rows: slice | Tensor) -> Images:
        return Images(self.pixels[rows], None if self.sizes is None else self.sizes[rows])

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Images:
        floats = dtype if self.pixels.is_floating_point() else None
        pixels = self.pixels.to(device=device, dtype=floats, non_blocking=True)
        return Images(pixels, self.sizes)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Images:
        return cls.of([image for part in parts for image in part.unpadded()])

    def unpadded(self) -> list[Tensor]:
        """Each image without padding."""
        if self.sizes is None:
            return list(self.pixels)
        extents = self.sizes.tolist()
        return [p[:, :h, :w] for p, (h, w) in zip(self.pixels, extents, strict=True)]
