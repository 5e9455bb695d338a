"""Reusable buffers, which avoid allocations between chunks."""

from __future__ import annotations

import math
from typing import final

import torch
from torch import Tensor

__all__ = ["Scratch", "aligned_matrices"]

_LINE = 16  # float32 values of 64 bytes


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

    def matrices(self, name: str, count: int, rows: int, columns: int) -> Tensor:
        """As :func:`aligned_matrices`, valid until `name` is requested again."""
        buffer = self(name, count, _padded(rows * columns))
        return _as_matrices(buffer, rows, columns)

    def planes(self, name: str, channels: int, count: int, size: int) -> Tensor:
        """Square :meth:`matrices` of each channel of each sample: [channels, count, size, size]."""
        matrices = self.matrices(name, channels * count, size, size)
        return matrices.view(channels, count, size, size)


def aligned_matrices(count: int, rows: int, columns: int, *, device: torch.device) -> Tensor:
    """Uninitialised matrices, each aligned to 64 bytes.

    The products of a matrix are then bit-identical at any position in a batch: MKL's kernels for
    non-Intel processors sum in an order that depends on the address of the first value.
    """
    return _as_matrices(torch.empty(count, _padded(rows * columns), device=device), rows, columns)


def _padded(values: int) -> int:
    return -(-values // _LINE) * _LINE


def _as_matrices(buffer: Tensor, rows: int, columns: int) -> Tensor:
    return buffer[:, : rows * columns].view(-1, rows, columns)
