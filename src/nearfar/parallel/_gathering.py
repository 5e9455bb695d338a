"""Gathering the global batch from all processes, with gradient."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from jaxtyping import Shaped
from torch import Tensor, distributed

from nearfar.parallel._processes import is_distributed, rank, world_size

__all__ = ["check_shapes", "gather", "gather_alike"]

_MOST_AXES = 8


def gather(tensor: Shaped[Tensor, "shard ..."]) -> Shaped[Tensor, "batch ..."]:
    """Concatenate all processes' tensors along the first axis, by rank.

    A shard's gradient is summed over all processes' losses. If every process computes the same loss
    from the gathered batch and parameter gradients are averaged (as DistributedDataParallel does),
    `k` processes have the gradient of a single process on the whole batch. The identity in a
    single process.

    Args:
        tensor: This process's shard, of the same shape in every process.

    Returns:
        The global batch.

    Raises:
        ValueError: A scalar, or shapes that differ between processes (raised on each of them).

    Example:
        >>> import torch
        >>> gather(torch.tensor([1.0, 2.0]))
        tensor([1., 2.])
    """
    if tensor.ndim == 0:
        raise ValueError("`tensor` must have a first axis to gather along, got a scalar")
    if not is_distributed():
        return tensor
    check_shapes(tensor, name="tensor")
    return gather_alike(tensor)


def gather_alike(tensor: Shaped[Tensor, "shard ..."]) -> Shaped[Tensor, "batch ..."]:
    """:func:`gather` without checking that shapes agree, which saves a communication."""
    apply: Callable[[Tensor], Tensor] = _Gather.apply  # untyped in older versions of torch
    batch = apply(tensor)
    return batch


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, shard: Tensor) -> Tensor:
        ctx.rows = shard.shape[0]
        return torch.cat(_exchange(shard))

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].clone(memory_format=torch.contiguous_format)
        distributed.all_reduce(total)
        return total[rank() * ctx.rows : (rank() + 1) * ctx.rows]


def _exchange(shard: Tensor) -> list[Tensor]:
    shard = shard.contiguous()
    shards = [torch.empty_like(shard) for _ in range(world_size())]
    distributed.all_gather(shards, shard)
    return shards


def check_shapes(tensor: Tensor, *, name: str) -> None:
    """Raise if shapes differ between processes; backends would hang or return wrong numbers."""
    here = [tensor.ndim, *tensor.shape][: _MOST_AXES + 1]
    padded = torch.tensor(here + [0] * (_MOST_AXES + 1 - len(here)), device=tensor.device)
    for other, sizes in enumerate(_exchange(padded)):
        axes, *shape = sizes.tolist()
        if [axes, *shape[:axes]] != here:
            raise ValueError(
                f"`{name}` must have the same shape in every process, got {tuple(tensor.shape)} in"
                f" process {rank()} and {tuple(shape[:axes])} in process {other}"
            )
