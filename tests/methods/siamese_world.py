"""A world in which a siamese network collapses within seconds, if nothing prevents it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from nearfar.diagnostics import center_residual, feature_std
from nearfar.methods import Method

WIDTH = 32
_BATCH, _INPUTS, _NOISE = 64, 16, 1.0


@dataclass(frozen=True)
class Reading:
    """Of unit projections after training.

    Attributes:
        spread: Their standard deviation, 1 for all directions alike and 0 for one.
        center: m_o.
        residual: m_r.
    """

    spread: float
    center: float
    residual: float


def trained(
    make: Callable[[nn.Module], Method],
    *,
    steps: int = 200,
    samples: int = 256,
    views: int = 2,
    rate: float = 0.5,
    seed: int = 0,
) -> Method:
    """The method after so many updates by SGD: noisy vectors, float64, everything seeded."""
    torch.manual_seed(seed)
    layers = nn.Linear(_INPUTS, WIDTH, bias=False), nn.BatchNorm1d(WIDTH), nn.ReLU()
    method = make(nn.Sequential(*layers)).double()
    generator = torch.Generator().manual_seed(1)
    world = torch.randn(samples, _INPUTS, generator=generator, dtype=torch.float64)
    paces = {id(p): pace.factor for pace in method.paces() for p in pace.part.parameters()}
    optimizer = torch.optim.SGD(
        [
            {"params": [parameter], "lr": rate * paces.get(id(parameter), 1.0)}
            for parameter in method.parameters()
            if parameter.requires_grad
        ],
        momentum=0.9,
        weight_decay=5e-4,
    )
    for step in range(steps):
        chosen = torch.randperm(samples, generator=generator)[:_BATCH]
        shown = tuple(_view(world[chosen], generator) for _ in range(views))
        result = method((*shown, chosen) if method.indexed else shown)
        optimizer.zero_grad()
        result.loss.backward()
        optimizer.step()
        method.after_batch(result)
        method.after_update((step + 1) / steps)
    return method


@torch.no_grad()
def read(method: Method, network: nn.Module | None = None) -> Reading:
    """Of unseen samples' projections or of another network's vectors; batch-norm as in training."""
    z = (network or nn.Sequential(method.encoder, method.projector))(unseen())
    center, residual = center_residual(z)
    spread = feature_std(z) * z.shape[1] ** 0.5
    return Reading(float(spread), float(center), float(residual))


def unseen() -> Tensor:
    """A view of 256 samples that nothing was trained on."""
    generator = torch.Generator().manual_seed(2)
    world = torch.randn(256, _INPUTS, generator=generator, dtype=torch.float64)
    return _view(world, generator)


def _view(samples: Tensor, generator: torch.Generator) -> Tensor:
    noise = torch.randn(samples.shape, generator=generator, dtype=samples.dtype)
    return samples + _NOISE * noise
