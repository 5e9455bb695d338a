"""A fixed-length vector per sample, as the target of a decoder."""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional as F

from nearfar.inputs._graph_inputs import Nodes
from nearfar.inputs._image_inputs import Images
from nearfar.inputs._inputs import View
from nearfar.inputs._pair_inputs import Signal
from nearfar.inputs._sequence_inputs import Sequences
from nearfar.inputs._text_inputs import Tokens

__all__ = ["numbers"]


def numbers(view: View, *, count: int) -> Float[Tensor, "batch count"]:
    """Each sample of a view as a vector of `count` numbers.

    Vectors and images of that size are flattened; larger images are average-pooled over squares,
    sequences over time. A text is its relative word frequencies over the vocabulary, a node its
    features.

    Args:
        view: Any view but a pair.
        count: Length of the vectors, chosen with the encoder (``Modality.signal_dim``).

    Raises:
        ValueError: The view has another number of values and cannot be pooled to `count`.
        TypeError: A view without numbers, such as texts before tokenisation.

    Example:
        >>> numbers(torch.arange(8.0).reshape(1, 2, 2, 2), count=2)
        tensor([[1.5000, 5.5000]])
        >>> numbers(Tokens(torch.tensor([[2, 1, 2, 0]]), torch.tensor([3])), count=3)
        tensor([[0.0000, 0.3333, 0.6667]])
    """
    found = _numbers(view, count)
    if found.shape[1] != count:
        raise ValueError(f"`view` must have {count:,} numbers per sample, got {found.shape[1]:,}")
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
    return view.numbers(count=count)


def _of_images(images: Tensor, count: int) -> Tensor:
    channels = images.shape[1]
    side = math.isqrt(count // channels)
    if images[0].numel() > count and side * side * channels == count:
        images = F.adaptive_avg_pool2d(images, side)
    return images.flatten(1)


def _of_sequences(sequences: Sequences, count: int) -> Tensor:
    """Average pooling to as many steps as fit, over each sequence's own length."""
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
            f"`view` must have token ids below the vocabulary size, {count:,},"
            f" got {int(tokens.ids.max())}"
        )
    ones = tokens.mask().float()
    counts = ones.new_zeros(len(tokens), count).scatter_add_(1, tokens.ids, ones)
    return counts / tokens.lengths[:, None]
