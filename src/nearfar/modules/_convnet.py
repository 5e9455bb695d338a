"""A small convolutional encoder for small images."""

from __future__ import annotations

from typing import Literal, final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.checks import check_choice, check_integer

__all__ = ["NORMS", "ConvNet"]

NORMS = ("batch", "layer")
_STAGES = (1, 4, 6, 7)  # the last layer of each width


def _convolution(
    inputs: int, outputs: int, norm: str, *, kernel: int = 3, stride: int = 1
) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs) if norm == "batch" else nn.GroupNorm(1, outputs),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    """A residual convolution."""

    def __init__(self, channels: int, norm: str) -> None:
        super().__init__()
        self.convolution = _convolution(channels, channels, norm)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.convolution(x)
        return out


@final
class ConvNet(nn.Module):
    """Nine convolutions with normalisation and residual connections, then global average pooling.

    Sized to learn something in a minute on a laptop: 0.36 million weights at the default width. The
    map is downsampled by 8, starting at the first layer (full-resolution memory traffic is the main
    cost on a CPU), so it suits images of 16 to 64 pixels.

    Args:
        channels: Channels of the input, 1 to 32.
        width: Channels of the first stage; the representation has eight times as many dimensions.
        norm: Normalisation after each convolution: "batch", or "layer" (over channels and locations
            of each image), which carries no information between images of a batch.

    Shape:
        ``[batch, channels, height, width]`` → ``[batch, 8 · width]``.

    Example:
        >>> import torch
        >>> encoder = ConvNet(channels=1)
        >>> encoder(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 256])
    """

    def __init__(
        self, *, channels: int = 3, width: int = 32, norm: Literal["batch", "layer"] = "batch"
    ) -> None:
        super().__init__()
        check_integer(at_least=1, channels=channels, width=width)
        check_choice(NORMS, norm=norm)
        self.num_features = 8 * width
        self.map_channels = (width, 2 * width, 4 * width, 8 * width)
        self.layers = nn.Sequential(
            _convolution(channels, width, norm, stride=2),
            _Residual(width, norm),
            _convolution(width, 2 * width, norm, stride=2),
            _Residual(2 * width, norm),
            _Residual(2 * width, norm),
            _convolution(2 * width, 4 * width, norm, stride=2),
            _Residual(4 * width, norm),
            _convolution(4 * width, 8 * width, norm, kernel=1),
        )

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch dim"]:
        """Encode images."""
        features: Tensor = self.layers(images)
        return _mean(features)

    def feature_maps(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch dim"], tuple[Tensor, ...]]:
        """The representation, and the feature map of each stage, finest first."""
        maps, x = [], images
        for place, layer in enumerate(self.layers):
            x = layer(x)
            if place in _STAGES:
                maps.append(x)
        return _mean(x), tuple(maps)


def _mean(features: Tensor) -> Tensor:
    # the gradient of a plain mean is an expanded tensor, which slows the next backward step
    return F.adaptive_avg_pool2d(features, 1).flatten(1)
