"""Rendered shapes, generated on demand."""

from __future__ import annotations

import numpy as np
import torch

from nearfar.data.named._archives import Places
from nearfar.data.named._named_set import ImageSet, Part
from nearfar.data.worlds import ShapeWorld

__all__ = ["load_shapes"]

TRAIN, TEST = 5_000, 1_000


def load_shapes(places: Places) -> ImageSet:
    """5,000 training and 1,000 test colour images of 32×32 pixels, labelled by their 8 shapes."""
    world = ShapeWorld()

    def part(first: int, count: int) -> Part:
        drawn = world.draw(torch.arange(first, first + count))
        images = np.ascontiguousarray(drawn.images[0].permute(0, 3, 1, 2).numpy())
        return Part(images, drawn.content.numpy())

    return ImageSet(train=part(0, TRAIN), class_names=world.class_names, test=part(TRAIN, TEST))
