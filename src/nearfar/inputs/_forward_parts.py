"""Parts of a batch that pass a network one after another, as large pictures take much memory."""

from __future__ import annotations

from torch import Tensor

from nearfar.inputs._image_inputs import Images
from nearfar.inputs._inputs import View, count, select

__all__ = ["forward_parts"]

_MOST_VALUES = 1 << 21  # 13 pictures of 224 pixels, 682 of 32


def forward_parts(*views: View, joined: bool = False) -> list[tuple[View, ...]]:
    """The same rows of all views, so that a forward pass has at most 2 Mi values of images.

    Samples of other kinds, and batches that need no parts, are returned as they are.

    Args:
        views: Views of the same samples.
        joined: Whether all views take the same forward pass, and not one after another.

    >>> import torch
    >>> [len(part) for (part,) in forward_parts(torch.zeros(50, 3, 224, 224))]
    [13, 13, 13, 11]
    >>> [len(part) for (part,) in forward_parts(torch.zeros(50, 8))]
    [50]
    """
    samples = count(views[0])
    values = [_values(view) for view in views]
    size = max(1, _MOST_VALUES // max(1, sum(values) if joined else max(values)))
    if samples <= size:
        return [views]
    rows = [slice(start, start + size) for start in range(0, samples, size)]
    return [tuple(select(view, part) for view in views) for part in rows]


def _values(view: View) -> int:
    """Values of an image; 0 for samples of other kinds."""
    values = view.pixels if isinstance(view, Images) else view
    if not isinstance(values, Tensor) or values.ndim != 4 or not len(values):
        return 0
    return values[0].numel()
