"""Tile sizes and launch parameters of the Triton kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["TilePlan", "gradient_plan", "product_plan", "shared_memory", "split", "sums_plan"]


@dataclass(frozen=True)
class TilePlan:
    """Tile of `rows` × `columns`, `step` columns of the vectors at a time, warps and stages."""

    step: int
    rows: int
    columns: int
    warps: int
    stages: int

    @property
    def launch(self) -> dict[str, int]:
        """Launch options of the compiler."""
        return {"num_warps": self.warps, "num_stages": self.stages}


def sums_plan(dtype: torch.dtype, dim: int, memory: int) -> TilePlan:
    """Tiles for sums over products; `memory` is a thread block's shared memory in bytes."""
    if dtype == torch.float32:
        return TilePlan(min(dim, 32), 64, 64, 4, 2)
    if dim <= 128:  # the block of rows stays on chip
        return TilePlan(dim, 128, 128, 8, 3) if memory > 140_000 else TilePlan(dim, 128, 64, 8, 2)
    return TilePlan(64, 128, 128, 8, 3 if memory > 100_000 else 2)


def gradient_plan(dim: int, memory: int) -> TilePlan:
    """Tiles for a block of gradients kept in registers; half precision."""
    if dim <= 128:
        return TilePlan(dim, 128, 64, 8, 3 if memory > 100_000 else 2)
    return TilePlan(dim, 128, 64, 8, 2) if memory > 140_000 else TilePlan(dim, 64, 32, 8, 2)


def product_plan(wide: bool, dim: int, memory: int) -> TilePlan:
    """Tiles for products of weights in memory with vectors, `step` columns at a time."""
    step = next(size for size in (128, 64, 32, 16) if dim % size == 0)
    if wide:
        return TilePlan(min(step, 64), 64, 32, 4, 2)
    return TilePlan(step, 128, 64, 8, 3 if memory > 100_000 else 2)


def split(z: Tensor, blocks: int, steps: int) -> int:
    """Number of parts to split each block's steps into, to occupy the device."""
    if z.device.type == "cpu":  # under Triton's interpreter
        return min(steps, 2)
    busy = 2 * torch.cuda.get_device_properties(z.device).multi_processor_count
    return max(1, min(steps, busy // blocks))


def shared_memory(z: Tensor) -> int:
    """Shared memory of a thread block in bytes."""
    if z.device.type == "cpu":
        return 0
    found: Any = torch.cuda.get_device_properties(z.device)  # torch's stubs leave the attribute out
    return int(found.shared_memory_per_block_optin)
