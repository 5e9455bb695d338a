"""A grid of overlapping patches of each image, with separate augmentation per patch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, final

import torch
from jaxtyping import Float, Float32, Int64
from torch import Tensor

from nearfar._deprecation import renamed_members
from nearfar.checks import check_fraction, check_integer
from nearfar.inputs import Images
from nearfar.ops._random import uniform
from nearfar.records import Remedy
from nearfar.views._image_checks import pixels_and_sizes
from nearfar.views._imageviews import ImageViews
from nearfar.views._loose_inputs import gathered_images, settled_draws
from nearfar.views._parallel import alone
from nearfar.views._parameters import NUMBERS_FOR_ALL_DRAWS
from nearfar.views._weaker import larger_crops, weaker

__all__ = ["PatchViews", "cut_patches"]

_MOST = 255  # maximum number of patches: view indices are below 256, and the image is view 0
_DROP, _KEPT = NUMBERS_FOR_ALL_DRAWS, NUMBERS_FOR_ALL_DRAWS + 1  # further indices of draws


@final
@renamed_members(grey="gray")
class PatchViews:
    """One view: a random crop of each image, divided into separately augmented patches.

    The whole image is cropped and flipped, and divided into a centred grid of as many patches as
    fit. Each patch is then cropped, flipped, rotated, colour-jittered, converted to grayscale or
    reduced to one channel, so that neighbouring patches cannot be identified by continuing edges or
    a common tint. Every draw is a pure function of (seed, epoch, sample, patch): it does not depend
    on the batch, the device or the number of workers. Transforms that do not apply to the number of
    channels are skipped and listed in :attr:`notes`.

    Args:
        size: Side length of the whole view in pixels.
        channels: Number of channels of the images.
        patch: Side length of a patch in pixels; by default a quarter of `size`, as published.
        stride: Distance between patches in pixels; by default half a patch, as published.
        crop_scale: Range of the area of the image's crop, as a fraction.
        crop_ratio: Range of the crop's aspect ratio (width / height).
        flip: Probability of flipping the image horizontally.
        patch_crop_scale: Range of the area of a patch's crop, as a fraction.
        patch_flip: Probability of flipping a patch horizontally.
        rotation: Largest rotation of a patch in degrees, in either direction.
        jitter: Probability of colour jitter of a patch.
        brightness: Brightness jitter strength b: the factor is uniform in [max(0, 1 - b), 1 + b].
        contrast: Contrast jitter strength c: the factor is uniform in [max(0, 1 - c), 1 + c].
        saturation: Saturation jitter strength s: the factor is uniform in [max(0, 1 - s), 1 + s];
            three channels only.
        hue: Hue jitter strength h ≤ ½: the shift is uniform in [-h, h] turns; three channels only.
        gray: Probability of converting a patch to grayscale; three channels only.
        drop: Probability of keeping a single channel of a patch, the others set to 0 after
            normalisation; two channels or more.
        mean: Mean that is subtracted at the end, one number or one per channel; 0.5 and `std` 0.5
            give [-1, 1].
        std: Standard deviation to divide by at the end, one number or one per channel.

    Attributes:
        rows: Number of rows (and columns) of the grid.
        shared_rows: Number of rows below a row that overlap with it.

    Raises:
        ValueError: A probability, range or length that is out of range, or a grid with fewer than 2
            or more than 15 rows.

    Reference:
        van den Oord, Li, Vinyals: CPC (2018), section 3.2; Hénaff et al.: CPC v2 (2020).

    Example:
        >>> views = PatchViews(size=32, patch=16)
        >>> images = torch.zeros(4, 3, 32, 40, dtype=torch.uint8)
        >>> (patches,) = views(images, torch.arange(4), seed=0, epoch=0)
        >>> patches.shape, views.rows, views.shared_rows
        (torch.Size([4, 3, 3, 3, 16, 16]), 3, 1)
    """

    def __init__(
        self,
        *,
        size: int,
        channels: int = 3,
        patch: int | None = None,
        stride: int | None = None,
        crop_scale: tuple[float, float] = (0.3, 1.0),
        crop_ratio: tuple[float, float] = (3 / 4, 4 / 3),
        flip: float = 0.5,
        patch_crop_scale: tuple[float, float] = (0.8, 1.0),
        patch_flip: float = 0.5,
        rotation: float = 0.0,
        jitter: float = 0.8,
        brightness: float = 0.4,
        contrast: float = 0.4,
        saturation: float = 0.4,
        hue: float = 0.1,
        gray: float = 0.2,
        drop: float = 0.2,
        mean: tuple[float, ...] = (0.5,),
        std: tuple[float, ...] = (0.5,),
    ) -> None:
        check_integer(at_least=1, size=size, channels=channels)
        patch = max(1, size // 4) if patch is None else patch
        check_integer(at_least=1, patch=patch)
        stride = max(1, patch // 2) if stride is None else stride
        check_integer(at_least=1, stride=stride)
        check_fraction(flip=flip, patch_flip=patch_flip, drop=drop)
        if not 0 < patch_crop_scale[0] <= patch_crop_scale[1] <= 1:
            raise ValueError(
                "`patch_crop_scale` must be two numbers above 0 and up to 1, the smaller first,"
                f" got {patch_crop_scale!r}"
            )
        self.num_views = 1  # all patches of an image are one view
        self.size, self.channels, self.patch, self.stride = size, channels, patch, stride
        self.crop_scale, self.crop_ratio, self.flip = crop_scale, crop_ratio, flip
        self.patch_crop_scale, self.patch_flip, self.rotation = (
            patch_crop_scale,
            patch_flip,
            rotation,
        )
        self.jitter, self.brightness, self.contrast = jitter, brightness, contrast
        self.saturation, self.hue, self.gray, self.drop = saturation, hue, gray, drop
        self.mean, self.std = mean, std
        if not (patch <= size and 2 <= self.rows <= _MOST**0.5):
            raise ValueError(
                f"`patch` and `stride` must give 2 to 15 rows of patches in {size} pixels,"
                f" got {max(0, self.rows)} with {patch} and {stride}"
            )
        self._whole = ImageViews(
            size=size,
            channels=channels,
            num_views=1,
            crop_scale=crop_scale,
            crop_ratio=crop_ratio,
            flip=flip,
            jitter=0.0,
            gray=0.0,
            blur=(0.0,),
            mean=(0.0,),
            std=(1.0,),
        )
        self._each = ImageViews(
            size=patch,
            channels=channels,
            num_views=self.rows**2 + 1,  # each patch has its own draws, like a view
            crop_scale=patch_crop_scale,
            flip=patch_flip,
            rotation=rotation,
            jitter=jitter,
            brightness=brightness,
            contrast=contrast,
            saturation=saturation,
            hue=hue,
            gray=gray,
            blur=(0.0,),
            mean=mean,
            std=std,
        )

    def __repr__(self) -> str:
        return f"PatchViews({', '.join(f'{k}={v!r}' for k, v in self.settings().items())})"

    def settings(self) -> dict[str, Any]:
        """The configuration, as arguments of the constructor."""
        arguments = {name: value for name, value in vars(self).items() if name[0] != "_"}
        del arguments["num_views"]
        return arguments

    @property
    def rows(self) -> int:
        """Number of rows (and columns) of the grid of patches."""
        return (self.size - self.patch) // self.stride + 1

    @property
    def shared_rows(self) -> int:
        """Number of rows below a row that overlap with it."""
        return (self.patch - 1) // self.stride

    @property
    def notes(self) -> tuple[str, ...]:
        """Transforms that do not apply to these images."""
        single = ("drop disabled: it needs 2 channels, these images have 1",)
        return self._each.notes + (single if self.drop and self.channels == 1 else ())

    @torch.no_grad()
    def __call__(
        self,
        images: Tensor | Images | Sequence[Any],
        samples: Int64[Tensor, " batch"] | None = None,
        *,
        seed: int | None = None,
        epoch: int | None = None,
    ) -> tuple[Float32[Tensor, "batch rows columns channels patch patch"], ...]:
        """The patches of a batch: a single view.

        Args:
            images: uint8, or floats in [0, 1], on any device; :class:`Images` or a list of PIL
                pictures, arrays or tensors if sizes differ.
            samples: Indices of the samples in their dataset. Without `samples`, `seed` and `epoch`
                each call is a new draw from PyTorch's global generator.
            seed: Random seed of the run.
            epoch: Epoch, from 0.

        Raises:
            TypeError: `images` are neither uint8 nor floating point.
            ValueError: A shape or value is out of range.
        """
        images = gathered_images(images, channels=self.channels)
        count = pixels_and_sizes(images)[0].shape[:1].numel()
        samples, seed, epoch = settled_draws(count, samples, seed=seed, epoch=epoch)
        (whole,) = self._whole(images, samples, seed=seed, epoch=epoch)
        grid = cut_patches(whole, patch=self.patch, stride=self.stride)
        patches = grid.flatten(0, 2)
        patches_of_one = self.rows**2
        each = samples.cpu().repeat_interleave(patches_of_one)
        which = torch.arange(1, patches_of_one + 1).repeat(len(samples))
        extents = torch.full((len(each), 2), self.patch)
        drawn = alone(
            lambda: self._each.parameters(each, extents, seed=seed, epoch=epoch, view=which)
        )
        made = self._each.render(patches, extents, drawn, size=self.patch)
        if self.drop and self.channels > 1:
            numbers = uniform(each, seed=seed, epoch=epoch, view=which, count=_KEPT + 1)
            kept = (numbers[:, _KEPT] * self.channels).long()
            mask = torch.nn.functional.one_hot(kept, self.channels).to(made.dtype)
            mask[numbers[:, _DROP] >= self.drop] = 1
            made *= mask.to(made.device)[:, :, None, None]
        return (made.view(*grid.shape[:3], *made.shape[1:]),)

    def plain(
        self, images: Tensor | Images | Sequence[Any]
    ) -> Float32[Tensor, "batch channels size size"]:
        """The deterministic view for embedding: the whole image, as in :meth:`ImageViews.plain`."""
        return ImageViews(
            size=self.size, channels=self.channels, mean=self.mean, std=self.std
        ).plain(images)

    def remedies(self) -> tuple[Remedy, ...]:
        """Weaker augmentation."""
        return (
            *weaker("drop", self.drop, what="the dropping of channels"),
            *weaker("jitter", self.jitter, what="the colour jitter", least=0.1),
            *larger_crops("crop_scale", self.crop_scale, most=0.8),
        )


def cut_patches(
    images: Float[Tensor, "batch channels size size"], *, patch: int, stride: int
) -> Float[Tensor, "batch rows columns channels patch patch"]:
    """Divide square images into a centred grid of as many patches as fit.

    Args:
        images: Square images, on any device.
        patch: Side length of a patch.
        stride: Distance between patches.

    Example:
        >>> image = torch.arange(16.0).view(1, 1, 4, 4)
        >>> cut_patches(image, patch=2, stride=2)[0, 1, 0]
        tensor([[[ 8.,  9.],
                 [12., 13.]]])
    """
    size = images.shape[-1]
    start = (size - patch) % stride // 2
    inner = images[:, :, start:, start:]
    grid = inner.unfold(2, patch, stride).unfold(3, patch, stride)
    return grid.permute(0, 2, 3, 1, 4, 5).contiguous()
