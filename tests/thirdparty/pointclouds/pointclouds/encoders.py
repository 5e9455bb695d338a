"""Encoders that see a cloud as a set of points."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from pointclouds.inputs import Clouds


class PointNet(nn.Module):
    """The same perceptron at every point, then the largest value of each feature (Qi et al., 2017).

    Args:
        width: Dimensions of the representation.
    """

    def __init__(self, width: int = 32) -> None:
        super().__init__()
        self.at_points = nn.Sequential(
            nn.Linear(3, width), nn.LayerNorm(width), nn.ReLU(), nn.Linear(width, width)
        )
        self.after = nn.Sequential(nn.ReLU(), nn.Linear(width, width))

    def forward(self, clouds: Clouds) -> Tensor:
        return self.of_tensors(clouds.points, clouds.mask())

    def of_tensors(self, points: Tensor, mask: Tensor) -> Tensor:
        features = self.at_points(points).masked_fill(~mask[..., None], -torch.inf)
        return self.after(features.amax(1))


class DeepSets(nn.Module):
    """The mean over points in place of the largest value (Zaheer et al., 2017)."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.at_points = nn.Sequential(nn.Linear(3, width), nn.ReLU(), nn.Linear(width, width))

    def forward(self, clouds: Clouds) -> Tensor:
        inside = clouds.mask()[..., None]
        features = self.at_points(clouds.points) * inside
        return features.sum(1) / clouds.counts[:, None]


def deepsets(form: Any, options: Any) -> tuple[nn.Module, int]:
    """For the entry point ``nearfar.encoders``: an encoder and its width."""
    return DeepSets(options.units), options.units


class OfTensors(nn.Module):
    """An encoder of clouds as a function of two tensors, for ONNX."""

    def __init__(self, encoder: PointNet) -> None:
        super().__init__()
        self.encoder = encoder

    def forward(self, points: Tensor, mask: Tensor) -> Tensor:
        return self.encoder.of_tensors(points, mask)
