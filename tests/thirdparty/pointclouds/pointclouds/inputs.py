"""A batch of point clouds, from the source to the encoder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import torch
from torch import Tensor
from torch.nn import functional as F

from nearfar.inputs import Inputs


@final
@dataclass(frozen=True, eq=False)
class Clouds(Inputs):
    """Sets of points in space, padded with zeros where they are of different sizes.

    Attributes:
        points: batch × points × 3.
        counts: Points of each cloud, without padding.
    """

    points: Tensor
    counts: Tensor

    @classmethod
    def of(cls, clouds: Sequence[Tensor]) -> Clouds:
        """Stack clouds (points × 3), padding where sizes differ."""
        counts = torch.tensor([len(cloud) for cloud in clouds], dtype=torch.int64)
        most = int(counts.max())
        padded = [F.pad(cloud, (0, 0, 0, most - len(cloud))) for cloud in clouds]
        return cls(torch.stack(padded), counts)

    def __len__(self) -> int:
        return len(self.points)

    def select(self, rows: slice | Tensor) -> Clouds:
        return Clouds(self.points[rows], self.counts[rows])

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Clouds:
        points = self.points.to(device=device, dtype=dtype, non_blocking=True)
        return Clouds(points, self.counts.to(device, non_blocking=True))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Clouds:
        return cls.of([cloud for part in parts for cloud in part.unpadded()])

    def numbers(self, *, count: int) -> Tensor:
        """Mean and deviation of the coordinates: what a decoder predicts."""
        clouds = self.unpadded()
        moments = [torch.cat((c.mean(0), c.std(0, correction=0))) for c in clouds]
        return torch.stack(moments)[:, :count]

    def mask(self) -> Tensor:
        """Where there is a point and no padding: batch × points."""
        places = torch.arange(self.points.shape[1], device=self.points.device)
        return places < self.counts[:, None]

    def unpadded(self) -> list[Tensor]:
        """Each cloud as it was."""
        return [p[:n] for p, n in zip(self.points, self.counts.tolist(), strict=True)]
