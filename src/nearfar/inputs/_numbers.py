"""A view as the few numbers that a decoder can be asked to predict."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar.inputs._graphs import Nodes
from nearfar.inputs._images import Images
from nearfar.inputs._inputs import View
from nearfar.inputs._pairs import Signal
from nearfar.inputs._sequences import Sequences
from nearfar.inputs._texts import Tokens

__all__ = ["numbers"]


def numbers(view: View, *, count: int) -> Float[Tensor, "batch count"]:
    """What each sample of a view is, as `count` numbers.

    Vectors and images whose size it is are taken as they are; larger images are averaged over
    squares, sequences over stretches of time. A text is how often each word of the vocabulary
    occurs in it, relative to its length; a node its features.

    Args:
        view: Any view but a pair.
        count: How many numbers; decided with the encoder (``Modality.signal_dim``).

    Raises:
        ValueError: The view has not that many numbers, and cannot be averaged to them.
        TypeError: A view without numbers, such as texts that are no tokens yet.

    Example:
        >>> numbers(torch.arange(8.0).reshape(1, 2, 2, 2), count=2)
        tensor([[1.5000, 5.5000]])
        >>> numbers(Tokens(torch.tensor([[2, 1, 2, 0]]), torch.tensor([3])), count=3)
        tensor([[0.0000, 0.3333, 0.6667]])
    """
    found = _numbers(view, count)
    if found.shape[1] != count:
        raise ValueError(f"`view` must have {count:,} numbers a sample, got {found.shape[1]:,}")
    return found


def _numbers(view: View, count: int) -> Tensor:
    if isinstance(view, Signal):
        return _numbers(view.view, count)
    if isinstance(view, Tensor):
        return _of_images(view, count) if view.ndim == 4 else view.flatten(1)
    if isinstance(view, Images):
        return _of_images(view.pixels.float(), count)
    if isinstance(view, Sequences):
        return _of_sequences(view, count)
    if isinstance(view, Tokens):
        return _of_tokens(view, count)
    if isinstance(view, Nodes):
        return view.rows()
    raise TypeError(f"`view` must be of numbers or tokens, got {type(view).__name__}")


def _of_images(images: Tensor, count: int) -> Tensor:
    channels = images.shape[1]
    side = math.isqrt(count // channels)
    if images[0].numel() > count and side * side * channels == count:
        images = F.adaptive_avg_pool2d(images, side)
    return images.flatten(1)


def _of_sequences(sequences: Sequences, count: int) -> Tensor:
    """Means over as many equal stretches as fit, each sequence over its own length."""
    steps, rest = divmod(count, sequences.values.shape[1])
    if rest or not steps:
        return sequences.values.flatten(1)
    if sequences.lengths is None:
        return F.adaptive_avg_pool1d(sequences.values, steps).flatten(1)
    means = [F.adaptive_avg_pool1d(row, steps).flatten() for row in sequences.unpadded()]
    return torch.stack(means)


def _of_tokens(tokens: Tokens, count: int) -> Tensor:
    if bool((tokens.ids >= count).any()):
        raise ValueError(
            f"`view` must have tokens below {count:,}, the vocabulary, got {int(tokens.ids.max())}"
        )
    ones = tokens.mask().float()
    counts = ones.new_zeros(len(tokens), count).scatter_add_(1, tokens.ids, ones)
    return counts / tokens.lengths[:, None]
