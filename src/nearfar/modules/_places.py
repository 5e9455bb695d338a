"""Choosing a feature map, and its local features."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.modules._feature_maps import MapEncoder, map_channels

__all__ = ["choose_map", "places"]


def choose_map(encoder: nn.Module, *, stage: int, **asked: int | None) -> int:
    """The index of a feature map of an encoder.

    Args:
        encoder: An encoder with feature maps; see :func:`nearfar.modules.map_channels`.
        stage: Default stage, from the finest map on. (timm models have one more map before, that
            of the first convolution.)
        asked: The requested index, under its argument's name; None for the default.

    Raises:
        TypeError: The encoder has no feature maps.
        ValueError: The encoder has no such map.

    Example:
        >>> from nearfar.modules import ConvNet
        >>> choose_map(ConvNet(), stage=1, coarse_map=None)
        1
    """
    ((name, index),) = asked.items()
    count = len(map_channels(encoder))
    if index is None:
        index = stage if isinstance(encoder, MapEncoder) else stage + 1
    if not -count <= index < count:
        raise ValueError(
            f"`{name}` must be an index of the encoder's {count} feature maps, from {-count} to"
            f" {count - 1}, got {index}"
        )
    return index


def places(
    feature_map: Float[Tensor, "batch channels height width"], *, side: int
) -> Float[Tensor, "batch locations channels"]:
    """The local feature at each location of a feature map, row by row.

    Args:
        feature_map: Feature maps of a batch.
        side: Maximum height and width; a larger map is average-pooled to it.

    Example:
        >>> import torch
        >>> places(torch.arange(8.0).view(1, 2, 2, 2), side=7)[0].tolist()
        [[0.0, 4.0], [1.0, 5.0], [2.0, 6.0], [3.0, 7.0]]
        >>> places(torch.arange(8.0).view(1, 2, 2, 2), side=1)[0].tolist()
        [[1.5, 5.5]]
    """
    height, width = feature_map.shape[2:]
    fitting = F.adaptive_avg_pool2d(feature_map, (min(height, side), min(width, side)))
    return fitting.flatten(2).transpose(1, 2)
