"""Crop, resize and flip in one step: two matrix products per image, or one call if it is large."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from nearfar.views._scratch import Scratch

__all__ = ["LARGEST_DENSE_SIDE", "Axis", "dense_resample", "single_resample"]

# Above this side, dense weights are slower than one library call per image on a CPU (measured).
LARGEST_DENSE_SIDE = 96
_OUTSIDE = 1e6  # outside the filter's reach of any output pixel


@dataclass(frozen=True)
class Axis:
    r"""Pixel positions of source and result along one axis, in units of the filter's radius.

    Triangle filter, widened when shrinking (bilinear with antialiasing): with :math:`s =
    \max(\text{length}/\text{size}, 1)` and centres :math:`c_o = \text{start} + (o +
    ½)\,\text{length}/\text{size}`, source pixel :math:`j` has a weight proportional to
    :math:`\max(0, 1 - |j + ½ - c_o| / s)` inside the crop and 0 outside.

    Attributes:
        centers: :math:`c_o / s`.
        sources: :math:`(j + ½) / s`; a very large value outside the crop.
    """

    centers: Float32[Tensor, "batch 1 size"]
    sources: Float32[Tensor, "batch extent 1"]

    @classmethod
    def along(
        cls,
        start: Int64[Tensor, " batch"],
        length: Int64[Tensor, " batch"],
        mirrored: Bool[Tensor, " batch"] | None = None,
        *,
        size: int,
        extent: int,
    ) -> Axis:
        """The axis of crops from `start` over `length` pixels, reversed where `mirrored`."""
        step = (length / size)[:, None]
        reach = step.clamp(min=1)
        place = torch.arange(size) + 0.5
        if mirrored is not None:
            place = place + mirrored[:, None] * (size - 2 * place)
        centers = torch.addcmul(start[:, None].float(), place, step).div_(reach)
        pixels = torch.arange(extent)
        outside = (pixels < start[:, None]) | (pixels >= (start + length)[:, None])
        sources = ((pixels + 0.5) / reach).masked_fill_(outside, _OUTSIDE)
        return cls(centers[:, None, :], sources[:, :, None])

    def rows(self, index: Int64[Tensor, " rows"] | slice) -> Axis:
        """The axes of some images."""
        return Axis(self.centers[index], self.sources[index])

    def up_to(self, extent: int) -> Axis:
        """The axes restricted to the first `extent` source pixels, beyond which weights are 0."""
        return Axis(self.centers, self.sources[:, :extent])

    def to(self, device: torch.device) -> Axis:
        """The axes on another device."""
        return Axis(self.centers.to(device), self.sources.to(device))

    def weights(
        self, *, out: Float32[Tensor, "batch extent size"]
    ) -> Float32[Tensor, "batch extent size"]:
        """Weight of each source pixel in each pixel of the result; columns sum to 1."""
        # 1 - distance, negated and clipped at 0; the sign cancels in the normalisation
        torch.sub(self.sources, self.centers, out=out).abs_().clamp_(max=1).sub_(1)
        return out.div_(out.sum(dim=1, keepdim=True))


def dense_resample(
    images: Tensor,
    down: Axis,
    across: Axis,
    *,
    out: Float32[Tensor, "channels batch size size"],
    scratch: Scratch,
) -> None:
    """Resample each image's crop into `out`, as planes in [0, 1]: first the width, then the height.

    Pixels outside the crop have no influence.
    """
    count, channels, height, width = images.shape
    size = out.shape[-1]
    columns = across.weights(out=scratch.matrices("columns", count, width, size))
    rows = down.weights(out=scratch.matrices("rows", count, height, size)).mT
    if images.dtype == torch.uint8:
        columns.mul_(1 / 255)
    pixels = scratch.matrices("pixels", count, channels * height, width)
    pixels.view(images.shape).copy_(images)
    narrow = scratch.matrices("narrow", count, channels * height, size)
    torch.bmm(pixels, columns, out=narrow)
    planes = narrow.view(count, channels, height, size).unbind(dim=1)
    for plane, result in zip(planes, out, strict=True):
        torch.bmm(rows, plane, out=result)


def single_resample(
    image: Tensor,
    box: Int64[Tensor, " 4"],
    flip: Bool[Tensor, ""],
    *,
    out: Float32[Tensor, "channels size size"],
) -> None:
    """Resample one box by PyTorch's antialiased interpolation, in integer arithmetic for uint8."""
    top, left, tall, wide = box.tolist()
    crop = image[None, :, top : top + tall, left : left + wide]
    small = F.interpolate(crop, out.shape[1:], mode="bilinear", antialias=True)[0]
    out.copy_(small.flip(-1) if flip else small)
    if image.dtype == torch.uint8:
        out.mul_(1 / 255)
