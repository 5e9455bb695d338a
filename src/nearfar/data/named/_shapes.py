"""Rendered shapes, drawn on the spot."""

from __future__ import annotations

import numpy as np
import torch

from nearfar.data.named._archives import Places
from nearfar.data.named._named_set import ImageSet, Part
from nearfar.data.worlds import ShapeWorld

__all__ = ["load_shapes"]

TRAIN, TEST = 5_000, 1_000


def load_shapes(places: Places) -> ImageSet:
    """5,000 + 1,000 colour images 32×32 of eight shapes; the label is the shape."""
    world = ShapeWorld()

    def part(first: int, count: int) -> Part:
        drawn = world.draw(torch.arange(first, first + count))
        images = np.ascontiguousarray(drawn.images[0].permute(0, 3, 1, 2).numpy())
        return Part(images, drawn.content.numpy())

    return ImageSet(train=part(0, TRAIN), class_names=world.class_names, test=part(TRAIN, TEST))
