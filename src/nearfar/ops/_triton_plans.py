"""How the kernels of :mod:`nearfar.ops.triton_pairwise` divide their work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

__all__ = ["Plan", "gradient_plan", "product_plan", "shared_memory", "split", "sums_plan"]


@dataclass(frozen=True)
class Plan:
    """How a kernel divides its work: `step` columns of the vectors at a time, tiles, warps."""

    step: int
    rows: int
    columns: int
    warps: int
    stages: int

    @property
    def launch(self) -> dict[str, int]:
        """What the compiler takes."""
        return {"num_warps": self.warps, "num_stages": self.stages}


def sums_plan(dtype: torch.dtype, dim: int, memory: int) -> Plan:
    """For products with nothing kept but sums; `memory` is what a block may share, in bytes."""
    if dtype == torch.float32:
        return Plan(min(dim, 32), 64, 64, 4, 2)
    if dim <= 128:  # the block of rows stays
        return Plan(dim, 128, 128, 8, 3) if memory > 140_000 else Plan(dim, 128, 64, 8, 2)
    return Plan(64, 128, 128, 8, 3 if memory > 100_000 else 2)


def gradient_plan(dim: int, memory: int) -> Plan:
    """For a block of gradients that stays in registers; half precision."""
    if dim <= 128:
        return Plan(dim, 128, 64, 8, 3 if memory > 100_000 else 2)
    return Plan(dim, 128, 64, 8, 2) if memory > 140_000 else Plan(dim, 64, 32, 8, 2)


def product_plan(wide: bool, dim: int, memory: int) -> Plan:
    """For weights in memory times vectors; `step` columns of these."""
    step = next(size for size in (128, 64, 32, 16) if dim % size == 0)
    if wide:
        return Plan(min(step, 64), 64, 32, 4, 2)
    return Plan(step, 128, 64, 8, 3 if memory > 100_000 else 2)


def split(z: Tensor, blocks: int, steps: int) -> int:
    """In how many parts to do each block's steps, so that the device has enough to do."""
    if z.device.type == "cpu":  # under Triton's interpreter
        return min(steps, 2)
    busy = 2 * torch.cuda.get_device_properties(z.device).multi_processor_count
    return max(1, min(steps, busy // blocks))


def shared_memory(z: Tensor) -> int:
    """Bytes that a block of threads may share."""
    if z.device.type == "cpu":
        return 0
    found: Any = torch.cuda.get_device_properties(z.device)  # torch's stubs leave the attribute out
    return int(found.shared_memory_per_block_optin)
