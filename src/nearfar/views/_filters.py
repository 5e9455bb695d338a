"""Blur, solarisation and rotation of planes [channels, batch, height, width] in [0, 1]."""

from __future__ import annotations

import functools
import math

import torch
import torch.nn.functional as F
from jaxtyping import Float32
from torch import Tensor

from nearfar.views._scratch import aligned_matrices

__all__ = ["blur_kernel_size", "gaussian_blur", "rotate", "solarize"]

Planes = Float32[Tensor, "channels batch size size"]


def blur_kernel_size(size: int) -> int:
    """A tenth of the side, odd, at least 3: 23 pixels for a side of 224, as in SimCLR."""
    return max(3, size // 10 | 1)


@functools.lru_cache(maxsize=8)
def _taps(size: int, kernel: int, device: torch.device) -> Float32[Tensor, "kernel pixels"]:
    """Index of each tap's source pixel, with borders reflected without repeating the edge."""
    radius = kernel // 2
    place = torch.arange(size) + torch.arange(-radius, radius + 1)[:, None]
    period = max(2 * (size - 1), 1)
    source = (size - 1) - ((place % period) - (size - 1)).abs()
    return F.one_hot(source, size).float().flatten(1).to(device)


def gaussian_blur(planes: Planes, sigma: Float32[Tensor, " batch"], *, kernel: int) -> Planes:
    """Blur each sample with its own `sigma` (in pixels) and `kernel` × `kernel` taps."""
    size = planes.shape[-1]
    offset = torch.arange(kernel, device=planes.device) - kernel // 2
    weights = torch.exp(-0.5 * (offset / sigma[:, None]) ** 2)
    weights = weights / weights.sum(dim=1, keepdim=True)
    taps = (weights @ _taps(size, kernel, planes.device)).view(-1, size, size)
    smooth, sharp, half, whole = (
        aligned_matrices(len(sigma), size, size, device=planes.device) for _ in range(4)
    )
    smooth.copy_(taps)
    blurred = torch.empty(planes.shape, device=planes.device)
    for channel, plane in enumerate(planes):
        torch.bmm(smooth, sharp.copy_(plane), out=half)
        blurred[channel] = torch.bmm(half, smooth.mT, out=whole)
    return blurred


def solarize(planes: Planes, *, threshold: float) -> Planes:
    """Invert values of `threshold` or more: x becomes 1 - x."""
    return torch.where(planes >= threshold, 1 - planes, planes)


def rotate(planes: Planes, degrees: Float32[Tensor, " batch"]) -> Planes:
    """Rotate each sample counter-clockwise about its centre; border pixels are replicated."""
    radians = degrees * (math.pi / 180)
    cos, sin, zero = radians.cos(), radians.sin(), torch.zeros_like(radians)
    matrix = torch.stack((cos, -sin, zero, sin, cos, zero), dim=1).view(-1, 2, 3)
    batch = planes.transpose(0, 1)
    grid = F.affine_grid(matrix, list(batch.shape), align_corners=False)
    turned = F.grid_sample(batch, grid, padding_mode="border", align_corners=False)
    return turned.transpose(0, 1).contiguous()
