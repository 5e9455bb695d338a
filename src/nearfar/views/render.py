"""From images and what was drawn for each view to pixels, chunk by chunk."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float32, Int64
from torch import Tensor

from nearfar.views.colour import Blends, jitter_, make_grey_
from nearfar.views.filters import blur_kernel_size, gaussian_blur, rotate, solarise
from nearfar.views.parallel import in_parallel
from nearfar.views.parameters import ViewParameters
from nearfar.views.resample import LARGEST_DENSE_SIDE, Axis, dense_resample, single_resample
from nearfar.views.scratch import Scratch

__all__ = ["render"]

# Values in work at a time: few enough for a core's cache, many enough to be worth a call.
_VALUES_PER_CORE = 6 << 16
_VALUES_PER_GPU = 1 << 26


def render(
    images: Tensor,
    sizes: Int64[Tensor, "batch 2"],
    drawn: ViewParameters,
    *,
    size: int,
    colour: bool,
    solarise_threshold: float,
    scale: Float32[Tensor, " channels"],
    shift: Float32[Tensor, " channels"],
) -> Float32[Tensor, "views channels size size"]:
    """Every view of every image.

    Args:
        images: uint8, or floats in [0, 1].
        sizes: Height and width of each image, on the CPU.
        drawn: Parameters on the CPU, all images for the first view, then all for the second, ….
        size: Side of a view.
        colour: Are the three channels red, green and blue?
        solarise_threshold: From which value on solarisation turns values round.
        scale: Multiplies each channel at the end.
        shift: Is added to each channel at the end.

    Returns:
        Channels-last in memory.
    """
    device, channels, total = images.device, images.shape[1], len(drawn.flip)
    out = torch.empty((total, size, size, channels), device=device)
    # Sorted by hue's turn, so that a turn is one slice; the samples without jitter come last.
    turn = torch.where(drawn.jitter, drawn.hue_turn, 4)
    order = torch.argsort(turn, stable=True)
    stops = torch.bincount(turn, minlength=5).cumsum(dim=0)[:4].tolist()
    drawn, sources = drawn.rows(order), order % max(len(images), 1)
    large = _are_large(sizes, device)[sources]
    chunk = _chunk(sizes[sources[~large]], size=size, channels=channels, device=device)

    # What is a number per sample moves once, not once per chunk.
    blends = Blends.in_order(drawn.factors, drawn.order, colour=colour).to(device)
    hue, kept = drawn.factors[:, 3:].to(device), (~drawn.grey)[:, None].float().to(device)
    angle, sigma = drawn.angle.to(device), drawn.sigma.to(device)
    order, sources = order.to(device), sources.to(device)
    scale, shift = scale.to(device)[:, None, None], shift.to(device)[:, None, None]
    top, left, tall, wide = drawn.boxes.unbind(dim=1)
    down = Axis.along(top, tall, size=size, extent=images.shape[2]).to(device)
    across = Axis.along(left, wide, drawn.flip, size=size, extent=images.shape[3]).to(device)
    rotated, greyed = bool(angle.any()), colour and bool(drawn.grey.any())

    def work_on(part: slice, scratch: Scratch) -> None:
        count = part.stop - part.start
        planes = scratch("planes", channels, count, size, size)
        if bool(large[part].any()):
            _crop_mixed(
                images, sources[part], drawn.rows(part), (down.rows(part), across.rows(part)),
                large[part], out=planes,
            )
        else:
            near = images.index_select(0, sources[part])
            dense_resample(near, down.rows(part), across.rows(part), out=planes, scratch=scratch)
        if rotated:
            planes = rotate(planes, angle[part])
        pixels = planes.flatten(2)
        local = [min(max(stop - part.start, 0), count) for stop in stops]
        jitter_(pixels, blends.rows(part), hue[part], stops=local, scratch=scratch)
        if greyed:
            make_grey_(pixels, kept[part], scratch=scratch)
        blurred = drawn.blur[part].nonzero()[:, 0].to(device)
        if len(blurred):
            kernel = blur_kernel_size(size)
            planes[:, blurred] = gaussian_blur(
                planes[:, blurred], sigma[part][blurred], kernel=kernel
            )
        bright = drawn.solarise[part].nonzero()[:, 0].to(device)
        if len(bright):
            planes[:, bright] = solarise(planes[:, bright], threshold=solarise_threshold)
        pixels.mul_(scale).add_(shift)
        rows = scratch("pixels", count, size, size, channels).copy_(planes.permute(1, 2, 3, 0))
        out.index_copy_(0, order[part], rows)

    parts = [slice(start, min(start + chunk, total)) for start in range(0, total, chunk)]
    in_parallel(work_on, parts, device=device)
    return out.permute(0, 3, 1, 2)


def _are_large(sizes: Int64[Tensor, "batch 2"], device: torch.device) -> Bool[Tensor, " batch"]:
    """Which images are better resampled one at a time; none where launches are dear."""
    large = sizes.amax(dim=1) > LARGEST_DENSE_SIDE
    return large if device.type == "cpu" else torch.zeros_like(large)


def _chunk(
    dense: Int64[Tensor, "batch 2"], *, size: int, channels: int, device: torch.device
) -> int:
    """How many views to work on at a time."""
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
    """The crops of images on the CPU of which some are large: those one at a time."""
    small = (~large).nonzero()[:, 0]
    if len(small):
        side = slice(LARGEST_DENSE_SIDE)
        near = images[:, :, side, side].index_select(0, sources[small])
        some = torch.empty((len(out), len(small), *out.shape[2:]))
        down, across = (axis.rows(small) for axis in axes)
        dense_resample(near, down, across, out=some, scratch=Scratch(images.device))
        out.index_copy_(1, small, some)
    for place in large.nonzero()[:, 0].tolist():
        image = images[int(sources[place])]
        single_resample(image, drawn.boxes[place], drawn.flip[place], out=out[:, place])
