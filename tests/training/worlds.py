"""A small training set-up that every test of the loop shares."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from nearfar.data import Subset, open_source
from nearfar.methods import Method, byol, moco_v2, simclr, vicreg
from nearfar.modules import ConvNet
from nearfar.records import RunDirectory
from nearfar.training import Engine, Silent, TrainingOptions, Watch, train
from nearfar.views import ImageViews

PRESETS: dict[str, Any] = {
    "byol": lambda encoder: byol(encoder, 32, dim=8),
    "moco_v2": lambda encoder: moco_v2(encoder, 32, dim=8, queue_size=64),
    "simclr": lambda encoder: simclr(encoder, 32, dim=8),
    "vicreg": lambda encoder: vicreg(encoder, 32, hidden=16),
}
"""Samples 0 to 95 of the digits, views of 16×16, batches of 16."""


def build(name: str) -> Method:
    torch.manual_seed(0)
    method: Method = PRESETS[name](ConvNet(channels=1, width=4))
    return method.to(memory_format=torch.channels_last)


def without_norms(method: Method) -> Method:
    """The method with nothing in the place of each batch-norm: no sample knows its batch."""
    for module in list(method.modules()):
        for name, child in module.named_children():
            if isinstance(child, (nn.BatchNorm1d, nn.BatchNorm2d)):
                setattr(module, name, nn.Identity())
    return method


class NormalizedInParts(nn.Module):
    """Batch-norm by its formula, where each part of a batch has a mean and variance of its own."""

    def __init__(self, norm: nn.BatchNorm1d | nn.BatchNorm2d, *, batch: int, parts: int) -> None:
        super().__init__()
        self.batch, self.parts, self.eps = batch, parts, norm.eps
        self.register_parameter("weight", norm.weight)
        self.register_parameter("bias", norm.bias)
        self.register_buffer("running_mean", norm.running_mean)
        self.register_buffer("running_var", norm.running_var)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        per_channel = (1, -1, *[1] * (x.ndim - 2))
        if self.training:
            views = x.unflatten(0, (-1, self.batch))  # SimCLR encodes both views at once
            parts = views.tensor_split(self.parts, dim=1)
            y = torch.cat([self.normalized(part) for part in parts], dim=1).flatten(0, 1)
        else:
            y = x - self.running_mean.view(per_channel)
            y = y / (self.running_var.view(per_channel) + self.eps).sqrt()
        if self.weight is None:
            return y
        return y * self.weight.view(per_channel) + self.bias.view(per_channel)

    def normalized(self, part: torch.Tensor) -> torch.Tensor:
        axes = [axis for axis in range(part.ndim) if axis != 2]
        centered = part - part.mean(axes, keepdim=True)
        return centered / (centered.square().mean(axes, keepdim=True) + self.eps).sqrt()


def normalized_in_parts(method: Method, *, batch: int, parts: int) -> Method:
    """The method with each batch-norm written out, over so many parts of a batch."""
    for module in list(method.modules()):
        for name, child in module.named_children():
            if isinstance(child, (nn.BatchNorm1d, nn.BatchNorm2d)):
                setattr(module, name, NormalizedInParts(child, batch=batch, parts=parts))
    return method


def options(**changes: Any) -> TrainingOptions:
    settings = {"epochs": 2, "batch_size": 16, "precision": "32", "devices": 1, "watch_every": 4}
    return TrainingOptions(**(settings | {"log_every": 2, "checkpoint_every": 1} | changes))


def fit(
    folder: Path,
    method: Method,
    chosen: TrainingOptions,
    *,
    engine: Engine | None = None,
    progress: Any = None,
    views: Any = None,
    source: Any = None,
) -> Method:
    digits = open_source("digits")
    views = views or ImageViews(size=16, channels=1, blur=(0.0,), flip=0.0)
    held_out = Subset(digits, range(96, 128)).read(range(32))
    shown = views(held_out.inputs, held_out.samples, seed=0, epoch=0)
    watch = Watch(shown, seen=shown)
    train(
        method,
        source or Subset(digits, range(96)),
        views,
        options=chosen,
        engine=engine or Engine(devices=1, precision=chosen.precision),
        directory=RunDirectory(folder),
        watch=watch,
        progress=progress or Silent(),
    )
    return method


def weights(method: Method) -> dict[str, torch.Tensor]:
    return {name: value.detach().clone() for name, value in method.state_dict().items()}
