"""Classify images as drawings or natural images, from their pixels."""

from __future__ import annotations

from typing import Literal, TypeAlias

import torch
from jaxtyping import UInt8
from torch import Tensor

from nearfar.data import ImageSource, Source
from nearfar.inputs import Images

__all__ = ["ViewStyle", "declared_style", "find_style", "is_drawing"]

ViewStyle: TypeAlias = Literal["drawing", "natural"]

_LOOKED_AT = 128  # number of images, evenly spaced over the data
_COLORED = 16  # minimum difference between channels of a coloured pixel
_MOST_COLORED = 0.01  # largest fraction of such pixels
_DARK, _LIGHT = 25, 230  # 10% of the range from either end
_GROUND = 0.4  # smallest fraction of an image that is background
_FEW_LEVELS, _RARE = 32, 1e-4  # grey levels; smallest fraction of the pixels of a level
_BETWEEN = 0.25  # largest fraction of pixels between ink and background


def find_style(source: Source) -> ViewStyle:
    """``drawing`` for images of ink on a uniform background, such as glyphs; else ``natural``.

    Only pixels are used, never the name of a file or folder. A dataset can declare its style
    (:attr:`nearfar.data.ImageSource.style`).

    Args:
        source: Source of images.

    Example:
        >>> from nearfar.data import open_source
        >>> find_style(open_source("digits")), find_style(open_source("shapes"))
        ('drawing', 'natural')
    """
    declared = declared_style(source)
    if declared is not None:
        return declared
    positions = torch.linspace(0, len(source) - 1, min(_LOOKED_AT, len(source))).long()
    images: list[Tensor] = []
    for position in positions.tolist():  # one by one, as sizes can differ
        shown = source.read([position]).inputs
        pixels = shown.pixels if isinstance(shown, Images) else shown
        if not isinstance(pixels, Tensor):
            raise TypeError(f"`source` must contain images, got {type(shown).__name__}")
        if pixels.dtype != torch.uint8:
            pixels = (pixels.float().clamp(0, 1) * 255).round().to(torch.uint8)
        images.append(pixels[0])
    return "drawing" if is_drawing(images) else "natural"


def declared_style(source: Source) -> ViewStyle | None:
    """The style that the data declare; None if they declare none."""
    return source.root.style if isinstance(source.root, ImageSource) else None


def is_drawing(images: list[UInt8[Tensor, "channels _ _"]]) -> bool:
    """Whether images are grey, mostly background, and have few values between it and ink.

    Args:
        images: A subset of the images, of any sizes.
    """
    histogram = torch.zeros(256)
    colored = 0.0
    ground, between = [], []
    for image in images:
        if image.shape[0] not in (1, 3):
            return False
        wide = image.int()
        colored += float((wide.amax(0) - wide.amin(0) > _COLORED).float().mean())
        gray = wide.float().mean(0).round().long()
        histogram += torch.bincount(gray.flatten(), minlength=256) / gray.numel()
        dark, light = ((gray <= _DARK).float().mean(), (gray >= _LIGHT).float().mean())
        ground.append(max(float(dark), float(light)))
        between.append(1 - float(dark) - float(light))
    if colored / len(images) > _MOST_COLORED:
        return False
    grounds, betweens = (float(torch.tensor(shares).median()) for shares in (ground, between))
    levels = int((histogram / len(images) > _RARE).sum())
    return grounds >= _GROUND and (levels <= _FEW_LEVELS or betweens <= _BETWEEN)
