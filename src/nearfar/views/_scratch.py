"""Reusable buffers, which avoid allocations between chunks."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor

__all__ = ["Scratch"]


@final
class Scratch:
    """Named buffers on one device; reusing them avoids page faults and cache misses.

    Args:
        device: Device of the buffers.
    """

    def __init__(self, device: torch.device) -> None:
        self._device = device
        self._buffers: dict[str, Tensor] = {}
        self._last: dict[str, Tensor] = {}

    def __call__(self, name: str, *shape: int) -> Tensor:
        """An uninitialised tensor of `shape`, valid until `name` is requested again."""
        last = self._last.get(name)
        if last is not None and last.shape == shape:
            return last
        values = math.prod(shape)
        buffer = self._buffers.get(name)
        if buffer is None or len(buffer) < values:
            buffer = self._buffers[name] = torch.empty(values, device=self._device)
        self._last[name] = buffer[:values].view(shape)
        return self._last[name]
