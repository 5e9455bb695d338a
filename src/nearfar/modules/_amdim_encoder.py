"""AMDIM's encoder: a residual network with small, little-overlapping receptive fields."""

from __future__ import annotations

from typing import Literal, final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.checks import check_choice, check_integer
from nearfar.modules._convnet import NORMS

__all__ = ["AMDIM_SIZES", "AMDIMEncoder"]

AMDIM_SIZES: dict[str, dict[str, int]] = {
    "amdim": {"width": 64, "dim": 512, "depth": 3},
    "amdim_small": {"width": 192, "dim": 1536, "depth": 8},
    "amdim_medium": {"width": 256, "dim": 2048, "depth": 10},
    "amdim_large": {"width": 320, "dim": 2560, "depth": 10},
}
"""Channels of the first stage, dimension of the representation and layers per block, by name."""

# by image size: kernel, stride and padding of the first convolutions; kernels and strides of the
# blocks down to the 7 × 7 map, each doubling the channels
_CONVOLUTIONS = {32: ((3, 1, 0),), 64: ((3, 1, 0),), 128: ((5, 2, 2), (3, 1, 0))}
_BLOCKS = {32: ((4, 2), (2, 2)), 64: ((4, 2), (4, 2), (2, 2)), 128: ((4, 2), (4, 2), (2, 2))}


def _norm(channels: int, norm: str) -> nn.Module:
    return nn.BatchNorm2d(channels) if norm == "batch" else nn.GroupNorm(1, channels)


@final
class _Residual(nn.Module):
    """A convolution and a 1×1 convolution, with an average-pooling shortcut."""

    def __init__(self, inputs: int, outputs: int, norm: str, *, kernel: int, stride: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(inputs, outputs, kernel, stride=stride, bias=False),
            _norm(outputs, norm),
            nn.ReLU(inplace=True),
            nn.Conv2d(outputs, outputs, 1, bias=False),
        )
        self.shortcut: nn.Module = nn.AvgPool2d(kernel, stride)
        if outputs < inputs:
            self.shortcut = nn.Conv2d(inputs, outputs, kernel, stride=stride)
        self.grown = max(0, outputs - inputs)
        if not self.grown:
            last = self.layers[-1]
            assert isinstance(last, nn.Conv2d)
            nn.init.zeros_(last.weight)  # initially the layer equals its shortcut

    def forward(self, x: Tensor) -> Tensor:
        shortcut = F.pad(self.shortcut(x), (0, 0, 0, 0, 0, self.grown))
        out: Tensor = shortcut + self.layers(x)
        return out


def _block(
    inputs: int, outputs: int, norm: str, *, kernel: int, stride: int, depth: int
) -> nn.Sequential:
    first = _Residual(inputs, outputs, norm, kernel=kernel, stride=stride)
    others = [_Residual(outputs, outputs, norm, kernel=1, stride=1) for _ in range(depth - 1)]
    return nn.Sequential(first, *others)


@final
class AMDIMEncoder(nn.Module):
    """AMDIM's ResNet without padding: feature maps of 7 × 7 and 5 × 5, and a global feature.

    Kernels match their stride or are 1 × 1, so that receptive fields at 7 × 7 are small and overlap
    little: one local feature cannot be predicted from another by shared pixels. From 7 × 7 on,
    3 × 3 kernels lead to 5 × 5, 3 × 3 and the global feature.

    Stages, kernels and strides for 32, 64 and 128 pixels, the residual layers and their zero
    initialisation follow the authors' code. Differences: images of other sizes are first resized
    bilinearly to the nearest of the three; every layer has batch-norm, optional in the authors'
    code, which rescales weights instead; layers that add channels are not initialised at 0, which
    would leave these channels empty; the first convolution for 128 pixels is zero-padded.

    Args:
        channels: Channels of the input.
        image_size: Side of the images in pixels; selects one of the three architectures.
        width: Channels of the first stage (the paper's ndf); the maps have four times as many, or
            eight from 64 pixels on.
        dim: Dimension of the representation (n_rkhs).
        depth: Residual layers per block.
        norm: Normalisation of each layer: "batch", or "layer" (over channels and locations of each
            image).

    Shape:
        ``[batch, channels, height, width]`` → ``[batch, dim]``.

    Reference:
        Bachman, Hjelm, Buchwalter, NeurIPS 2019 (arXiv 1906.00910); authors' code
        Philip-Bachman/amdim-public at 0333f6b.

    Example:
        >>> import torch
        >>> encoder = AMDIMEncoder(image_size=32, width=8, dim=64, depth=1)
        >>> representations, maps = encoder.feature_maps(torch.zeros(2, 3, 32, 32))
        >>> representations.shape, [tuple(one.shape[1:]) for one in maps]
        (torch.Size([2, 64]), [(32, 7, 7), (32, 5, 5), (64, 1, 1)])
    """

    def __init__(
        self,
        *,
        channels: int = 3,
        image_size: int = 32,
        width: int = 64,
        dim: int = 512,
        depth: int = 3,
        norm: Literal["batch", "layer"] = "batch",
    ) -> None:
        super().__init__()
        check_integer(
            at_least=1, channels=channels, image_size=image_size, width=width, dim=dim, depth=depth
        )
        check_choice(NORMS, norm=norm)
        self.side = min(_BLOCKS, key=lambda side: abs(side - image_size))
        layers: list[nn.Module] = []
        for kernel, stride, padding in _CONVOLUTIONS[self.side]:
            layers.append(
                nn.Conv2d(channels, width, kernel, stride=stride, padding=padding, bias=False)
            )
            layers += [_norm(width, norm), nn.ReLU(inplace=True)]
            channels = width
        if self.side == 32:
            layers.append(_Residual(width, width, norm, kernel=1, stride=1))
        wide = width
        for kernel, stride in _BLOCKS[self.side]:
            layers.append(_block(wide, 2 * wide, norm, kernel=kernel, stride=stride, depth=depth))
            wide *= 2
        self.num_features = dim
        self.map_channels = (wide, wide, dim)
        self.to_seven = nn.Sequential(*layers, _norm(wide, norm))
        self.to_five = _block(wide, wide, norm, kernel=3, stride=1, depth=depth)
        self.to_one = nn.Sequential(
            _block(wide, wide, norm, kernel=3, stride=1, depth=depth),
            _Residual(wide, dim, norm, kernel=3, stride=1),
            _norm(dim, norm),
        )

    def forward(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch dim"]:
        """Encode images."""
        return self.feature_maps(images)[0]

    def feature_maps(
        self, images: Float[Tensor, "batch channels height width"]
    ) -> tuple[Float[Tensor, "batch dim"], tuple[Tensor, ...]]:
        """The representation, and the 7 × 7, 5 × 5 and 1 × 1 feature maps."""
        if images.shape[-2:] != torch.Size((self.side, self.side)):
            images = F.interpolate(images, (self.side, self.side), mode="bilinear")
        seven = self.to_seven(images)
        five = self.to_five(seven)
        one = self.to_one(five)
        return one.flatten(1), (seven, five, one)
