"""The random parameters of one view of each sample."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from jaxtyping import Bool, Float32, Float64, Int64
from torch import Tensor

from nearfar._deprecation import renamed_members

__all__ = ["FLIP", "NUMBERS_FOR_ALL_DRAWS", "ViewParameters", "crop_boxes"]

# Indices into a sample's uniform numbers, fixed so that disabling one augmentation does not change
# others. Four draws of a crop come first; the other six are rarely needed and come last.
_SCALE, _RATIO = (slice(0, 4), slice(24, 30)), (slice(4, 8), slice(30, 36))
(
    _TOP,
    _LEFT,
    FLIP,
    _JITTER,
    _BRIGHTNESS,
    _CONTRAST,
    _SATURATION,
    _HUE,
    _HUE_TURN,
    _ORDER,
    _GRAY,
    _BLUR,
    _SIGMA,
    _SOLARIZE,
    _ANGLE,
) = range(8, 23)
NUMBERS_PER_VIEW, NUMBERS_FOR_ALL_DRAWS = 24, 36

Numbers = Callable[[Int64[Tensor, " rows"], int], Float32[Tensor, "rows count"]]


@renamed_members(grey="gray", solarise="solarize")
@dataclass(frozen=True)
class ViewParameters:
    """The random parameters of one view of each sample.

    Attributes:
        boxes: Top, left, height and width of the crop in pixels of the source.
        flip: Whether the view is flipped horizontally.
        jitter: Whether colour jitter is applied.
        factors: Factors of brightness, contrast and saturation (1 is no change), and hue shift in
            turns.
        hue_turn: Number of the other three colour changes that come before hue, 0 to 3.
        order: Index of the order of the other three colour changes, 0 to 5.
        gray: Whether the view is converted to grayscale.
        blur: Whether the view is blurred.
        sigma: Standard deviation of the blur in pixels of the view.
        solarize: Whether the view is solarised.
        angle: Rotation in degrees, counter-clockwise.
    """

    boxes: Int64[Tensor, "batch 4"]
    flip: Bool[Tensor, " batch"]
    jitter: Bool[Tensor, " batch"]
    factors: Float32[Tensor, "batch 4"]
    hue_turn: Int64[Tensor, " batch"]
    order: Int64[Tensor, " batch"]
    gray: Bool[Tensor, " batch"]
    blur: Bool[Tensor, " batch"]
    sigma: Float32[Tensor, " batch"]
    solarize: Bool[Tensor, " batch"]
    angle: Float32[Tensor, " batch"]

    @classmethod
    def draw(
        cls,
        numbers_of: Numbers,
        sizes: Int64[Tensor, "batch 2"],
        *,
        crop_scale: Float64[Tensor, "batch 2"],
        crop_ratio: tuple[float, float],
        flip: float,
        jitter: float,
        strengths: tuple[float, float, float, float],
        gray: float,
        blur: Float32[Tensor, "*batch"],
        blur_sigma: tuple[float, float],
        solarize: Float32[Tensor, "*batch"],
        rotation: float,
    ) -> ViewParameters:
        """Convert uniform numbers to parameters, according to the settings of :class:`ImageViews`.

        `numbers_of` returns the requested number of leading uniform numbers of some rows; `sizes`
        is the height and width of each image; `strengths` are those of the four colour changes;
        `crop_scale`, `blur` and `solarize` can differ between rows.
        """
        numbers = numbers_of(torch.arange(len(sizes)), NUMBERS_PER_VIEW)
        boxes, fits = crop_boxes(numbers, sizes, scale=crop_scale, ratio=crop_ratio)
        again = (~fits).nonzero()[:, 0]
        if len(again):
            all_draws = numbers_of(again, NUMBERS_FOR_ALL_DRAWS)
            boxes[again], _ = crop_boxes(
                all_draws, sizes[again], scale=crop_scale[again], ratio=crop_ratio
            )
        most = torch.tensor(strengths)
        middle = torch.tensor([1.0, 1.0, 1.0, 0.0])
        # Factors are at least 0 also for strengths above 1.
        low = torch.maximum(middle - most, torch.tensor([0.0, 0.0, 0.0, -1.0]))
        spread = numbers[:, _BRIGHTNESS : _HUE + 1]
        return cls(
            boxes=boxes,
            flip=numbers[:, FLIP] < flip,
            jitter=numbers[:, _JITTER] < jitter,
            factors=low + spread * (middle + most - low),
            hue_turn=(numbers[:, _HUE_TURN] * 4).long(),
            order=(numbers[:, _ORDER] * 6).long(),
            gray=numbers[:, _GRAY] < gray,
            blur=numbers[:, _BLUR] < blur,
            sigma=blur_sigma[0] + numbers[:, _SIGMA] * (blur_sigma[1] - blur_sigma[0]),
            solarize=numbers[:, _SOLARIZE] < solarize,
            angle=(2 * numbers[:, _ANGLE] - 1) * rotation,
        )

    def rows(self, index: Int64[Tensor, " rows"] | slice) -> ViewParameters:
        """The parameters of some samples."""
        return ViewParameters(
            **{field.name: getattr(self, field.name)[index] for field in fields(self)}
        )


def crop_boxes(
    numbers: Float32[Tensor, "batch numbers"],
    sizes: Int64[Tensor, "batch 2"],
    *,
    scale: Float64[Tensor, "batch 2"],
    ratio: tuple[float, float],
) -> tuple[Int64[Tensor, "batch 4"], Bool[Tensor, " batch"]]:
    """Crops of random area and aspect ratio: torchvision's `RandomResizedCrop` for a batch.

    The fraction of the image's area is uniform in `scale`, and the logarithm of the aspect ratio
    uniform in that of `ratio`. The first of ten draws that fits is used, otherwise the largest
    centred crop with an aspect ratio within `ratio`.

    Args:
        numbers: Uniform numbers in [0, 1), 24 per row for four draws or 36 for all ten.
        sizes: Height and width of each image.
        scale: Range of the crop's area, as a fraction of each image's.
        ratio: Range of the aspect ratio (width / height).

    Returns:
        Top, left, height and width, and whether one of the draws fits.
    """
    draws = numbers.double()
    areas, shapes = (
        torch.cat([draws[:, part] for part in parts], dim=1) for parts in (_SCALE, _RATIO)
    )
    height, width = sizes[:, :1].double(), sizes[:, 1:].double()
    least, most = scale[:, :1], scale[:, 1:]
    area = height * width * (least + areas * (most - least))
    low, high = (torch.tensor(r, dtype=torch.float64).log() for r in ratio)
    shape = (low + shapes * (high - low)).exp()
    widths, heights = (area * shape).sqrt().round(), (area / shape).sqrt().round()
    fits = (widths > 0) & (widths <= width) & (heights > 0) & (heights <= height)
    found, first = fits.max(dim=1)
    wide, tall = _fallback(height[:, 0], width[:, 0], ratio)
    w = torch.where(found, widths.gather(1, first[:, None])[:, 0], wide)
    h = torch.where(found, heights.gather(1, first[:, None])[:, 0], tall)
    room_y, room_x = height[:, 0] - h, width[:, 0] - w
    top = torch.where(found, (draws[:, _TOP] * (room_y + 1)).floor(), (room_y / 2).floor())
    left = torch.where(found, (draws[:, _LEFT] * (room_x + 1)).floor(), (room_x / 2).floor())
    return torch.stack((top, left, h, w), dim=1).long(), found


def _fallback(
    height: Float64[Tensor, " batch"], width: Float64[Tensor, " batch"], ratio: tuple[float, float]
) -> tuple[Float64[Tensor, " batch"], Float64[Tensor, " batch"]]:
    """Width and height of the largest crop with aspect ratio within `ratio`, at least 1 pixel."""
    tall = torch.minimum(height, (width / ratio[0]).round().clamp(min=1))
    wide = torch.minimum(width, (height * ratio[1]).round().clamp(min=1))
    return wide, tall
