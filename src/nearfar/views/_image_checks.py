"""Checks of image batches, and their plain view."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from jaxtyping import Float32, Int64
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.inputs import Images
from nearfar.views._resample import LARGEST_DENSE_SIDE

__all__ = ["check_images", "check_normalization", "check_sizes", "pixels_and_sizes", "plain_view"]


def pixels_and_sizes(images: Tensor | Images) -> tuple[Tensor, Tensor | None]:
    """The pixels, and each image's height and width if sizes differ."""
    return (images.pixels, images.sizes) if isinstance(images, Images) else (images, None)


def check_images(images: Tensor, *, channels: int) -> None:
    """Check for a batch × channels × height × width tensor of uint8, or of floats in [0, 1]."""
    if images.ndim != 4:
        raise ValueError(
            "`images` must be batch × channels × height × width,"
            f" got {images.ndim} dimensions, shape {tuple(images.shape)}"
        )
    if images.shape[1] != channels:
        raise ValueError(
            f"`images` must have {channels} channels, got {images.shape[1]}"
            f" (shape {tuple(images.shape)})"
        )
    if 0 in images.shape[2:]:
        raise ValueError(f"`images` must have pixels, got shape {tuple(images.shape)}")
    if images.dtype != torch.uint8 and not images.is_floating_point():
        raise TypeError(f"`images` must be uint8 or floating point, got {images.dtype}")
    if images.is_floating_point() and images.numel():
        low, high = (value.item() for value in images.aminmax())
        if not (low >= 0 and high <= 1):
            raise ValueError(
                f"`images` of floats must lie between 0 and 1, got {low:.4g} to {high:.4g}"
            )


def check_sizes(images: Tensor, sizes: Tensor | None) -> Int64[Tensor, "batch 2"]:
    """Height and width of each image, on the CPU; by default those of the tensor."""
    count, (height, width) = len(images), images.shape[2:]
    if sizes is None:
        return torch.tensor([height, width]).expand(count, 2)
    if sizes.shape != (count, 2) or sizes.dtype != torch.int64:
        raise ValueError(
            f"`sizes` must be {count} × 2 integers (height, width; int64),"
            f" got shape {tuple(sizes.shape)} of {sizes.dtype}"
        )
    sizes = sizes.cpu()
    most = torch.tensor([height, width])
    if bool(((sizes < 1) | (sizes > most)).any()):
        raise ValueError(
            f"`sizes` must lie between 1 × 1 and {height} × {width},"
            f" got {sizes.amin(dim=0).tolist()} to {sizes.amax(dim=0).tolist()}"
        )
    return sizes


def check_normalization(
    mean: tuple[float, ...], std: tuple[float, ...], *, channels: int
) -> tuple[Float32[Tensor, " channels"], Float32[Tensor, " channels"]]:
    """Convert `mean` and `std` to one number per channel."""
    both = []
    for name, values in (("mean", mean), ("std", std)):
        if len(values) not in (1, channels):
            raise ValueError(
                f"`{name}` must be one number or {channels}, one per channel, got {values!r}"
            )
        both.append(torch.tensor(values, dtype=torch.float32).expand(channels))
    if not bool((both[1] > 0).all()):
        raise ValueError(f"`std` must be above 0, got {std!r}")
    return both[0], both[1]


def plain_view(
    images: Tensor | Images,
    *,
    size: int,
    mean: tuple[float, ...] = (0.5,),
    std: tuple[float, ...] = (0.5,),
) -> Float32[Tensor, "batch channels size size"]:
    """The centre square of each image, with the short side resized to `size`, normalised.

    Args:
        images: uint8, or floats in [0, 1]; :class:`Images` if sizes differ.
        size: Side length of the result in pixels.
        mean: Mean that is subtracted, one number or one per channel.
        std: Standard deviation to divide by, one number or one per channel.

    Returns:
        Channels-last in memory.

    Raises:
        TypeError: `images` are neither uint8 nor floating point.
        ValueError: A shape or value is out of range.

    Example:
        >>> plain_view(torch.full((1, 1, 4, 6), 0.75), size=2)
        tensor([[[[0.5000, 0.5000],
                  [0.5000, 0.5000]]]])
    """
    check_integer(at_least=1, size=size)
    images, given = pixels_and_sizes(images)
    channels = images.shape[1] if images.ndim == 4 else 0
    check_images(images, channels=channels)
    middle, spread = check_normalization(mean, std, channels=channels)
    sizes = check_sizes(images, given)
    shape = (len(images), channels, size, size)
    out = torch.empty(shape, device=images.device, memory_format=torch.channels_last)
    for height, width in sorted(set(map(tuple, sizes.tolist()))):
        rows = ((sizes[:, 0] == height) & (sizes[:, 1] == width)).nonzero()[:, 0].to(images.device)
        whole = images[:, :, :height, :width]
        if len(rows) < len(images):
            whole = whole[rows]
        out[rows] = _center_square(whole, size=size)
    return out.sub_(middle.to(out.device)[:, None, None]).div_(spread.to(out.device)[:, None, None])


def _center_square(images: Tensor, *, size: int) -> Tensor:
    """Resize the short side of equally sized images to `size` and crop the centre; in [0, 1]."""
    height, width = images.shape[2:]
    short = min(height, width)
    tall, wide = size * height // short, size * width // short
    # integer arithmetic throughout, which is faster for large photographs
    exact = images.is_floating_point() or max(height, width) <= LARGEST_DENSE_SIDE
    values = images.float() if exact or images.is_cuda else images
    if (tall, wide) != (height, width):
        values = F.interpolate(values, (tall, wide), mode="bilinear", antialias=True)
    top, left = round((tall - size) / 2), round((wide - size) / 2)
    square = values[:, :, top : top + size, left : left + size].float()
    return square if images.is_floating_point() else square / 255
