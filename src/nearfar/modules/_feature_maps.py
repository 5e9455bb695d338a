"""Feature maps of an encoder, for methods that use local features."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Float
from torch import Tensor, nn

__all__ = ["MapEncoder", "feature_maps", "map_channels"]


@runtime_checkable
class MapEncoder(Protocol):
    """An image encoder that also returns its feature maps.

    Attributes:
        map_channels: Channels of each map.
    """

    map_channels: tuple[int, ...]

    def feature_maps(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch dim"], tuple[Tensor, ...]]:
        """The representation, as ``forward`` returns it, and the maps, finest first."""


def map_channels(encoder: nn.Module) -> tuple[int, ...]:
    """Channels of each feature map of an encoder, finest first.

    Args:
        encoder: A :class:`MapEncoder` or a timm model.

    Raises:
        TypeError: The encoder has no feature maps.

    Example:
        >>> from nearfar.modules import ConvNet
        >>> map_channels(ConvNet(width=8))
        (8, 16, 32, 64)
    """
    if isinstance(encoder, MapEncoder):
        return encoder.map_channels
    info: Any = _of_timm(encoder).feature_info
    stages = info if isinstance(info, list) else info.info
    return tuple(int(stage["num_chs"]) for stage in stages)


def feature_maps(
    encoder: nn.Module, images: Float[Tensor, "batch channels height width"]
) -> tuple[Float[Tensor, "batch dim"], tuple[Tensor, ...]]:
    """The representation and the feature maps of images, in one pass.

    Args:
        encoder: A :class:`MapEncoder` or a timm model.
        images: The encoder's input.

    Returns:
        The encoder's output, and the maps (batch × channels × height × width), finest first.

    Raises:
        TypeError: The encoder has no feature maps.

    Example:
        >>> import torch
        >>> from nearfar.modules import ConvNet
        >>> representations, maps = feature_maps(ConvNet(width=8), torch.zeros(2, 3, 32, 32))
        >>> representations.shape, [tuple(one.shape[1:]) for one in maps]
        (torch.Size([2, 64]), [(8, 16, 16), (16, 8, 8), (32, 4, 4), (64, 4, 4)])
    """
    if isinstance(encoder, MapEncoder):
        return encoder.feature_maps(images)
    model = _of_timm(encoder)
    last, maps = model.forward_intermediates(images)
    return model.forward_head(last, pre_logits=True), tuple(maps)


def _of_timm(encoder: nn.Module) -> Any:
    names = ("forward_intermediates", "forward_head", "feature_info")
    if not all(hasattr(encoder, name) for name in names):
        raise TypeError(
            "`encoder` must have feature maps, as nearfar.modules.ConvNet and timm models do,"
            f" got {type(encoder).__name__}"
        )
    return encoder
