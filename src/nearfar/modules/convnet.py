"""A small convolutional encoder for small images."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.checks import check_integer

__all__ = ["ConvNet"]


def _convolution(inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride=stride, padding=kernel // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    """Input plus one convolution of it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.convolution = _convolution(channels, channels)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.convolution(x)
        return out


@final
class ConvNet(nn.Module):
    """Nine convolutions with batch-norm, four of them residual, and the mean over the map.

    Made to learn something in a minute on a laptop: 0.36 million weights at the default width. The
    map shrinks eightfold, the first time at once (memory traffic at full resolution is what costs
    most on a CPU), so images of 16 to 64 pixels a side suit it.

    Args:
        channels: Channels of the input, 1 to 32.
        width: Channels of the first stage; the representation has eight times as many dimensions.

    Shape:
        ``[batch, channels, height, width]`` → ``[batch, 8 · width]``.

    Example:
        >>> import torch
        >>> encoder = ConvNet(channels=1)
        >>> encoder(torch.zeros(2, 1, 28, 28)).shape
        torch.Size([2, 256])
    """

    def __init__(self, *, channels: int = 3, width: int = 32) -> None:
        super().__init__()
        check_integer(at_least=1, channels=channels, width=width)
        self.num_features = 8 * width
        self.layers = nn.Sequential(
            _convolution(channels, width, stride=2),
            _Residual(width),
            _convolution(width, 2 * width, stride=2),
            _Residual(2 * width),
            _Residual(2 * width),
            _convolution(2 * width, 4 * width, stride=2),
            _Residual(4 * width),
            _convolution(4 * width, 8 * width, kernel=1),
        )

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch dim"]:
        """Images to representations."""
        features: Tensor = self.layers(images)
        # the mean's own gradient is not laid out in memory, which makes the next step slow
        return F.adaptive_avg_pool2d(features, 1).flatten(1)
