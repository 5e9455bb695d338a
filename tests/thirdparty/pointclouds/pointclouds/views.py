"""Random views of point clouds: turned, disturbed, thinned."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor

from nearfar.ops import uniform
from pointclouds.inputs import Clouds


@final
class CloudViews:
    """Scale to unit size, turn about the vertical axis, move each point a little.

    Every draw is a pure function of (seed, epoch, sample, view).

    Args:
        scale: What coordinates are divided by; found from the data.
        num_views: How many views of each sample.
        rotation: Largest rotation in degrees, both ways.
        jitter: Largest distance by which a point is moved along each axis.
    """

    def __init__(
        self,
        *,
        scale: float = 1.0,
        num_views: int = 2,
        rotation: float = 30.0,
        jitter: float = 0.02,
    ) -> None:
        self.scale, self.num_views = scale, num_views
        self.rotation, self.jitter = rotation, jitter

    @property
    def notes(self) -> tuple[str, ...]:
        return ()

    def __call__(
        self, inputs: Clouds, samples: Tensor, *, seed: int, epoch: int
    ) -> tuple[Clouds, ...]:
        plain = self.plain(inputs)
        return tuple(self._view(plain, samples, seed, epoch, v) for v in range(self.num_views))

    def plain(self, inputs: Clouds) -> Clouds:
        """Each cloud around its centre, at the scale of the data."""
        inside = inputs.mask()[..., None]
        center = inputs.points.sum(1, keepdim=True) / inputs.counts[:, None, None]
        return Clouds((inputs.points - center) * inside / self.scale, inputs.counts)

    def _view(self, plain: Clouds, samples: Tensor, seed: int, epoch: int, view: int) -> Clouds:
        points = plain.points
        count = 1 + 3 * points.shape[1]
        drawn = uniform(samples.cpu(), seed=seed, epoch=epoch, count=count, view=view)
        drawn = (2 * drawn - 1).to(points.device, points.dtype)
        angle = drawn[:, 0] * math.radians(self.rotation)
        zero, one = torch.zeros_like(angle), torch.ones_like(angle)
        turns = torch.stack(
            [angle.cos(), -angle.sin(), zero, angle.sin(), angle.cos(), zero, zero, zero, one], 1
        ).view(-1, 3, 3)
        moved = points @ turns.mT + self.jitter * drawn[:, 1:].view_as(points)
        return Clouds(moved * plain.mask()[..., None], plain.counts)
