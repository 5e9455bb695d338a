"""Render views from images and random parameters, in chunks."""

from __future__ import annotations

from itertools import pairwise

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from nearfar.views._color import as_blends, blend_columns, jitter_, make_gray_
from nearfar.views._filters import blur_kernel_size, gaussian_blur, rotate, solarize
from nearfar.views._parallel import in_parallel
from nearfar.views._parameters import ViewParameters
from nearfar.views._resample import LARGEST_DENSE_SIDE, Axis, dense_resample, single_resample
from nearfar.views._scratch import Scratch

__all__ = ["render"]

# Values per chunk: few enough for a core's cache, many enough to amortise the calls.
_VALUES_PER_CORE = 6 << 16
_VALUES_PER_GPU = 1 << 26
_NO_JITTER = 4  # index after the four possible positions of hue


def render(
    images: Tensor,
    sizes: Int64[Tensor, "batch 2"],
    drawn: ViewParameters,
    *,
    size: int,
    color: bool,
    solarize_threshold: float,
    scale: Float32[Tensor, " channels"],
    shift: Float32[Tensor, " channels"],
) -> Float32[Tensor, "views channels size size"]:
    """Render every view of every image.

    Args:
        images: uint8, or floats in [0, 1].
        sizes: Height and width of each image, on the CPU.
        drawn: Parameters on the CPU: all images for the first view, then all for the second, and so
            on.
        size: Side length of a view in pixels.
        color: Whether the channels are red, green and blue.
        solarize_threshold: Threshold above which solarisation inverts values.
        scale: Factor of each channel at the end.
        shift: Offset added to each channel at the end.

    Returns:
        Channels-last in memory.
    """
    device, channels, total = images.device, images.shape[1], len(drawn.flip)
    out = torch.empty((total, size, size, channels), device=device)
    # Sorted by the position of hue, so that it is constant per chunk; samples without jitter last.
    turn = torch.where(drawn.jitter, drawn.hue_turn, _NO_JITTER)
    order = torch.argsort(turn, stable=True)
    drawn, sources = drawn.rows(order), order % max(len(images), 1)
    large = _are_large(sizes, device)[sources]
    chunk = _chunk(sizes[sources[~large]], size=size, channels=channels, device=device)
    parts = _split(torch.bincount(turn, minlength=_NO_JITTER + 1).tolist(), chunk)

    # Per-sample numbers are moved to the device once, not per chunk.
    columns = blend_columns(drawn.factors, drawn.order, color=color).to(device)
    kept, angle, sigma = (~drawn.gray)[:, None].float().to(device), drawn.angle, drawn.sigma
    order, sources = order.to(device), sources.to(device)
    scale, shift = scale.to(device)[:, None, None], shift.to(device)[:, None, None]
    top, left, tall, wide = drawn.boxes.unbind(dim=1)
    down = Axis.along(top, tall, size=size, extent=images.shape[2]).to(device)
    across = Axis.along(left, wide, drawn.flip, size=size, extent=images.shape[3]).to(device)
    some_large, rotated, grayed, blurred, solarized = (
        bool(which.any()) for which in (large, angle, drawn.gray, drawn.blur, drawn.solarize)
    )

    def work_on(part: slice, hue_turn: int, scratch: Scratch) -> None:
        count = part.stop - part.start
        planes = scratch.planes("planes", channels, count, size)
        axes = (down.rows(part), across.rows(part))
        if some_large:
            _crop_mixed(images, sources[part], drawn.rows(part), axes, large[part], out=planes)
        else:
            near = images.index_select(0, sources[part])
            dense_resample(near, *axes, out=planes, scratch=scratch)
        if rotated:
            planes = rotate(planes, angle[part].to(device))
        pixels = planes.flatten(2)
        if hue_turn < _NO_JITTER:
            blends = as_blends(columns[:, part].unbind())
            jitter_(pixels, blends, hue_turn=hue_turn, scratch=scratch)
        if grayed and color:
            make_gray_(pixels, kept[part], scratch=scratch)
        if blurred:
            some = drawn.blur[part].nonzero()[:, 0]
            width, rows = sigma[part][some].to(device), some.to(device)
            kernel = blur_kernel_size(size)
            planes[:, rows] = gaussian_blur(planes[:, rows], width, kernel=kernel)
        if solarized:
            rows = drawn.solarize[part].nonzero()[:, 0].to(device)
            planes[:, rows] = solarize(planes[:, rows], threshold=solarize_threshold)
        pixels.mul_(scale).add_(shift)
        last = scratch("pixels", count, size, size, channels).copy_(planes.permute(1, 2, 3, 0))
        out.index_copy_(0, order[part], last)

    in_parallel(work_on, parts, device=device)
    return out.permute(0, 3, 1, 2)


def _split(counts: list[int], chunk: int) -> list[tuple[slice, int]]:
    """Parts of at most `chunk` samples with the same position of hue, and that position."""
    parts, start = [], 0
    for turn, count in enumerate(counts):
        pieces = -(-count // chunk)
        stops = [start + count * (i + 1) // pieces for i in range(pieces)]
        parts += [(slice(a, b), turn) for a, b in pairwise([start, *stops])]
        start += count
    return parts


def _are_large(sizes: Int64[Tensor, "batch 2"], device: torch.device) -> Bool[Tensor, " batch"]:
    """Which images are resampled faster one at a time; none on devices with costly launches."""
    large = sizes.amax(dim=1) > LARGEST_DENSE_SIDE
    return large if device.type == "cpu" else torch.zeros_like(large)


def _chunk(
    dense: Int64[Tensor, "batch 2"], *, size: int, channels: int, device: torch.device
) -> int:
    """Number of views per chunk."""
    side = max(size, int(dense.max()) if len(dense) else 1)
    budget = _VALUES_PER_CORE if device.type == "cpu" else _VALUES_PER_GPU
    return max(1, budget // (channels * side**2))


def _crop_mixed(
    images: Tensor,
    sources: Int64[Tensor, " batch"],
    drawn: ViewParameters,
    axes: tuple[Axis, Axis],
    large: Bool[Tensor, " batch"],
    *,
    out: Float32[Tensor, "channels batch size size"],
) -> None:
    """Crop images on the CPU of which some are large; large ones are cropped one at a time."""
    small = (~large).nonzero()[:, 0]
    if len(small):
        side = slice(LARGEST_DENSE_SIDE)
        near = images[:, :, side, side].index_select(0, sources[small])
        scratch = Scratch(images.device)
        some = scratch.planes("some", len(out), len(small), out.shape[-1])
        down, across = (axis.rows(small).up_to(LARGEST_DENSE_SIDE) for axis in axes)
        dense_resample(near, down, across, out=some, scratch=scratch)
        out.index_copy_(1, small, some)
    for place in large.nonzero()[:, 0].tolist():
        image = images[int(sources[place])]
        single_resample(image, drawn.boxes[place], drawn.flip[place], out=out[:, place])
