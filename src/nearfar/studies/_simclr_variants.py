"""SimCLR with another head."""

from __future__ import annotations

from typing import Any

from torch import nn

from nearfar.methods import SimCLR, preset

__all__ = ["linear_simclr"]


@preset()
def linear_simclr(encoder: nn.Module, width: int, *, dim: int = 128, **options: Any) -> SimCLR:
    """SimCLR with a linear projector, of `dim` dimensions."""
    return SimCLR(encoder, nn.Linear(width, dim), **options)
