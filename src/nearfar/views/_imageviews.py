"""Random views of images as batched tensor operations; results do not depend on the batch."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, final

import torch
from jaxtyping import Float32, Int64
from torch import Tensor

from nearfar._deprecation import renamed_members
from nearfar.checks import check_fraction, check_integer
from nearfar.inputs import Images
from nearfar.ops._random import uniform
from nearfar.records import Remedy
from nearfar.views._image_checks import (
    check_images,
    check_normalization,
    check_sizes,
    pixels_and_sizes,
    plain_view,
)
from nearfar.views._loose_inputs import gathered_images, settled_draws
from nearfar.views._parallel import alone
from nearfar.views._parameters import FLIP, ViewParameters
from nearfar.views._render import render
from nearfar.views._weaker import larger_crops, weaker

__all__ = ["ImageViews"]

_SMALLER = 3 / 7


@final
@renamed_members(grey="gray", solarise="solarize", solarise_threshold="solarize_threshold")
class ImageViews:
    """Random resized crop, flip, colour jitter, grayscale, blur and solarisation, per sample.

    Applied in this order: random resized crop with flip, rotation, colour jitter (its four
    transforms in random order), grayscale, blur, solarisation, normalisation. Every draw is a pure
    function of (seed, epoch, sample, view): it does not depend on the batch, the device or the
    number of workers. Transforms that do not apply to the number of channels are skipped and listed
    in :attr:`notes`.

    Multi-crop: `small_views` additional views are made of smaller crops. The attribute `num_views`
    includes them.

    Args:
        size: Side length of a view in pixels.
        channels: Number of channels of the images.
        num_views: Number of views of side `size` per sample.
        crop_scale: Range of the crop's area, as a fraction of the image's.
        crop_ratio: Range of the crop's aspect ratio (width / height).
        flip: Probability of a horizontal flip.
        rotation: Largest rotation in degrees, in either direction.
        jitter: Probability of colour jitter.
        brightness: Brightness jitter strength b: the factor is uniform in [max(0, 1 - b), 1 + b].
        contrast: Contrast jitter strength c: the factor is uniform in [max(0, 1 - c), 1 + c].
        saturation: Saturation jitter strength s: the factor is uniform in [max(0, 1 - s), 1 + s];
            three channels only.
        hue: Hue jitter strength h ≤ ½: the shift is uniform in [-h, h] turns; three channels only.
        gray: Probability of grayscale; three channels only.
        blur: Probability of Gaussian blur: one for all views, or one per full-size view; small
            views use the last.
        blur_sigma: Range of the blur's standard deviation in pixels; the kernel size is a tenth of
            the side.
        solarize: Probability of solarisation: one for all views, or one per full-size view.
        solarize_threshold: Threshold in [0, 1]; solarisation inverts values at or above it.
        mean: Mean that is subtracted at the end, one number or one per channel; 0.5 and `std` 0.5
            give [-1, 1].
        std: Standard deviation to divide by at the end, one number or one per channel.
        small_views: Number of small views per sample.
        small_size: Side length of a small view in pixels; by default 3/7 of `size`, as 96 for 224.
        small_scale: Range of the area of a small view's crop, as a fraction of the image's.
        shared_flip: Flip all views of a sample together.

    Raises:
        ValueError: A probability, range or length that is out of range.

    Reference:
        Chen, Kornblith, Norouzi, Hinton: SimCLR (ICML 2020), appendix A; Grill et al.: BYOL
        (NeurIPS 2020), appendix B; multi-crop: Caron et al.: SwAV (NeurIPS 2020), section 3.2.

    Example:
        >>> views = ImageViews(size=16, channels=1)
        >>> views.notes
        ('saturation, hue and gray disabled: they need 3 channels, these images have 1',)
        >>> images = torch.zeros(4, 1, 20, 24, dtype=torch.uint8)
        >>> first, second = views(images, torch.arange(4), seed=0, epoch=0)
        >>> first.shape, first.min().item()
        (torch.Size([4, 1, 16, 16]), -1.0)
        >>> several = ImageViews(size=16, channels=1, small_views=4)
        >>> [view.shape[2] for view in several(images, torch.arange(4), seed=0, epoch=0)]
        [16, 16, 7, 7, 7, 7]
    """

    def __init__(
        self,
        *,
        size: int,
        channels: int = 3,
        num_views: int = 2,
        crop_scale: tuple[float, float] = (0.2, 1.0),
        crop_ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip: float = 0.5,
        rotation: float = 0.0,
        jitter: float = 0.8,
        brightness: float = 0.4,
        contrast: float = 0.4,
        saturation: float = 0.4,
        hue: float = 0.1,
        gray: float = 0.2,
        blur: tuple[float, ...] = (0.5,),
        blur_sigma: tuple[float, float] = (0.1, 2.0),
        solarize: tuple[float, ...] = (0.0,),
        solarize_threshold: float = 0.5,
        mean: tuple[float, ...] = (0.5,),
        std: tuple[float, ...] = (0.5,),
        small_views: int = 0,
        small_size: int | None = None,
        small_scale: tuple[float, float] = (0.05, 0.14),
        shared_flip: bool = False,
    ) -> None:
        check_integer(at_least=1, size=size, channels=channels, num_views=num_views)
        check_integer(at_least=0, small_views=small_views)
        small = max(1, round(size * _SMALLER)) if small_size is None else small_size
        check_integer(at_least=1, small_size=small)
        check_fraction(flip=flip, jitter=jitter, gray=gray, solarize_threshold=solarize_threshold)
        if not 0 <= hue <= 0.5:
            raise ValueError(f"`hue` must lie between 0 and 0.5, got {hue!r}")
        _check_range(crop_scale=crop_scale, crop_ratio=crop_ratio, blur_sigma=blur_sigma)
        _check_range(small_scale=small_scale)
        check_fraction(crop_scale=crop_scale[1], small_scale=small_scale[1])
        for name, strength in (
            ("brightness", brightness),
            ("contrast", contrast),
            ("saturation", saturation),
            ("rotation", rotation),
        ):
            if not 0 <= strength < float("inf"):
                raise ValueError(f"`{name}` must be 0 or more, got {strength!r}")
        _check_per_view(num_views, blur=blur, solarize=solarize)
        middle, spread = check_normalization(mean, std, channels=channels)
        self._scale, self._shift = 1 / spread, -middle / spread
        self._large = num_views
        self.size, self.channels, self.num_views = size, channels, num_views + small_views
        self.crop_scale, self.crop_ratio, self.flip = crop_scale, crop_ratio, flip
        self.rotation, self.jitter = rotation, jitter
        self.brightness, self.contrast = brightness, contrast
        self.saturation, self.hue, self.gray = saturation, hue, gray
        self.blur, self.blur_sigma = blur, blur_sigma
        self.solarize, self.solarize_threshold = solarize, solarize_threshold
        self.mean, self.std = mean, std
        self.small_views, self.small_size, self.small_scale = small_views, small, small_scale
        self.shared_flip = shared_flip

    def __repr__(self) -> str:
        return f"ImageViews({', '.join(f'{k}={v!r}' for k, v in self.settings().items())})"

    def settings(self) -> dict[str, Any]:
        """The configuration, as arguments of the constructor."""
        arguments = {name: value for name, value in vars(self).items() if name[0] != "_"}
        return arguments | {"num_views": self._large}

    @property
    def notes(self) -> tuple[str, ...]:
        """Transforms that do not apply to these images."""
        asked = {"saturation": self.saturation, "hue": self.hue, "gray": self.gray}
        if not self.jitter:
            asked["saturation"] = asked["hue"] = 0
        named = [name for name, strength in asked.items() if strength]
        if self.channels == 3 or not named:
            return ()
        words = " and ".join(filter(None, (", ".join(named[:-1]), named[-1])))
        needs = "they need" if len(named) > 1 else "it needs"
        return (f"{words} disabled: {needs} 3 channels, these images have {self.channels}",)

    def parameters(
        self,
        samples: Int64[Tensor, " batch"],
        sizes: Int64[Tensor, "batch 2"],
        *,
        seed: int,
        epoch: int,
        view: int | Int64[Tensor, " batch"],
    ) -> ViewParameters:
        """The random parameters of one view of each sample.

        Args:
            samples: Indices of the samples in their dataset.
            sizes: Height and width of each image.
            seed: Random seed of the run.
            epoch: Epoch, from 0.
            view: Index of the view, with small views last; one for all samples or one per sample.
        """
        which = torch.as_tensor(view).expand(len(samples))
        small = (which >= self._large).long()

        def numbers_of(rows: Int64[Tensor, " rows"], count: int) -> Tensor:
            asked = samples[rows]
            numbers = uniform(asked, seed=seed, epoch=epoch, view=which[rows], count=count)
            if self.shared_flip:  # use the draw of the first view
                first = uniform(asked, seed=seed, epoch=epoch, view=0, count=FLIP + 1)
                numbers[:, FLIP] = first[:, FLIP]
            return numbers

        def of_view(probabilities: tuple[float, ...]) -> Tensor:
            return torch.tensor(probabilities)[which.clamp(max=len(probabilities) - 1)]

        scales = torch.tensor((self.crop_scale, self.small_scale), dtype=torch.float64)
        sides = torch.tensor((self.size, self.small_size))
        return ViewParameters.draw(
            numbers_of,
            sizes,
            crop_scale=scales[small],
            crop_ratio=self.crop_ratio,
            flip=self.flip,
            jitter=self.jitter,
            strengths=(self.brightness, self.contrast, self.saturation, self.hue),
            gray=self.gray,
            blur=of_view(self.blur) * (sides[small] > 1),
            blur_sigma=self.blur_sigma,
            solarize=of_view(self.solarize),
            rotation=self.rotation,
        )

    @torch.no_grad()
    def __call__(
        self,
        images: Tensor | Images | Sequence[Any],
        samples: Int64[Tensor, " batch"] | None = None,
        *,
        seed: int | None = None,
        epoch: int | None = None,
    ) -> tuple[Float32[Tensor, "batch channels _ _"], ...]:
        """The views of a batch.

        Args:
            images: uint8, or floats in [0, 1], on any device; :class:`Images` or a list of PIL
                pictures, arrays or tensors if sizes differ.
            samples: Indices of the samples in their dataset. Without `samples`, `seed` and `epoch`
                each call is a new draw from PyTorch's global generator.
            seed: Random seed of the run.
            epoch: Epoch, from 0.

        Returns:
            One float32 batch per view, channels-last in memory, with small views last.

        Raises:
            TypeError: `images` are neither uint8 nor floating point.
            ValueError: A shape or value is out of range.
        """
        images, given = pixels_and_sizes(gathered_images(images, channels=self.channels))
        check_images(images, channels=self.channels)
        sizes = check_sizes(images, given)
        samples, seed, epoch = settled_draws(len(images), samples, seed=seed, epoch=epoch)
        made: list[Tensor] = []
        for first, count, size in (
            (0, self._large, self.size),
            (self._large, self.small_views, self.small_size),
        ):
            if not count:
                continue
            which = torch.arange(first, first + count).repeat_interleave(len(images))
            several, extents = samples.cpu().repeat(count), sizes.repeat(count, 1)
            drawn = alone(
                partial(self.parameters, several, extents, seed=seed, epoch=epoch, view=which)
            )
            views = self.render(images, sizes, drawn, size=size)
            made += [views[v * len(images) : (v + 1) * len(images)] for v in range(count)]
        return tuple(made)

    def render(
        self,
        images: Tensor,
        sizes: Int64[Tensor, "batch 2"],
        drawn: ViewParameters,
        *,
        size: int,
    ) -> Float32[Tensor, "views channels size size"]:
        """Render normalised views of side `size` with the given parameters."""
        return render(
            images,
            sizes,
            drawn,
            size=size,
            color=self.channels == 3,
            solarize_threshold=self.solarize_threshold,
            scale=self._scale,
            shift=self._shift,
        )

    def plain(
        self, images: Tensor | Images | Sequence[Any]
    ) -> Float32[Tensor, "batch channels size size"]:
        """The view for embedding: :func:`plain_view` with this size and normalisation."""
        images = gathered_images(images, channels=self.channels)
        return plain_view(images, size=self.size, mean=self.mean, std=self.std)

    def remedies(self) -> tuple[Remedy, ...]:
        """Weaker augmentation."""
        return (
            *larger_crops("crop_scale", self.crop_scale),
            *weaker("jitter", self.jitter, what="the colour jitter", least=0.1),
            *weaker("rotation", self.rotation, what="the rotation", least=1.0),
        )


def _check_range(**ranges: tuple[float, float]) -> None:
    """Check that ranges are positive and ascending."""
    for name, values in ranges.items():
        if not (len(values) == 2 and 0 < values[0] <= values[1] < float("inf")):
            raise ValueError(
                f"`{name}` must be two numbers above 0, the smaller first, got {values!r}"
            )


def _check_per_view(num_views: int, **probabilities: tuple[float, ...]) -> None:
    """Check for one probability for all views, or one per view."""
    for name, values in probabilities.items():
        if len(values) not in (1, num_views):
            raise ValueError(
                f"`{name}` must be one probability or {num_views}, one per view, got {values!r}"
            )
        for value in values:
            check_fraction(**{name: value})
