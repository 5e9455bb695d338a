"""Log-sum-exp over the pairs of all processes, keys circulating in a ring."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from nearfar.ops._operators import backward, forward
from nearfar.ops._precision import widen

__all__ = ["RingLogSumExp", "Rotation"]


@runtime_checkable
class Rotation(Protocol):
    """Processes in a ring; :class:`nearfar.parallel.Ring` is one."""

    @property
    def size(self) -> int:
        """Number of processes."""

    def start(self, *tensors: Tensor) -> Callable[[], tuple[Tensor, ...]]:
        """Start sending tensors to the next process; the result waits for the previous one's."""

    def check_alike(self, **tensors: Tensor) -> None:
        """Raise if shapes differ between processes."""

    def gather(self, tensor: Tensor) -> Tensor:
        """All processes' tensors, concatenated along the first axis, with gradient."""


class RingLogSumExp(torch.autograd.Function):
    """Log-sum-exp over all processes' keys; a process holds its own and one visiting shard.

    Each shard goes around the ring twice: in the forward pass, and in the backward pass with the
    gradient that each process adds to. Only a process's own shard has masked pairs.
    """

    @staticmethod
    def forward(
        ctx: Any, queries: Tensor, keys: Tensor | None, scale: Tensor, period: int, ring: Rotation
    ) -> Tensor:
        own = queries if keys is None else keys
        pending = ring.start(own)
        sums, _ = forward(queries, keys, scale, period, None, None, None, False)
        for step in range(1, ring.size):
            (visitors,) = pending()
            if step < ring.size - 1:
                pending = ring.start(visitors)
            others, _ = forward(queries, visitors, scale, 0, None, None, None, False)
            sums = torch.logaddexp(sums, others)
        ctx.save_for_backward(sums, queries, keys, scale)
        ctx.period, ctx.ring = period, ring
        return sums

    @staticmethod
    @torch.autograd.function.once_differentiable
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        sums, queries, keys, scale = ctx.saved_tensors
        wants_queries, wants_keys, wants_scale = ctx.needs_input_grad[:3]
        wants_keys = wants_queries if keys is None else wants_keys
        none = sums.new_empty(0)
        own = queries if keys is None else keys

        def against(visitors: Tensor | None, period: int) -> tuple[Tensor, Tensor, Tensor]:
            rules = (period, None, None, None)
            return backward(
                gradients[0], sums, none, queries, visitors, scale, *rules, wants_keys, wants_scale
            )

        of_queries, of_keys, of_scale = against(keys, ctx.period)
        total, of_scale = widen(of_queries), of_scale.clone()
        visitors, added = own, torch.zeros_like(widen(own))
        for _ in range(1, ctx.ring.size):
            visitors, added = ctx.ring.start(visitors, added)()
            part, of_visitors, of_scale_there = against(visitors, 0)
            total = total + part
            of_scale += of_scale_there
            if wants_keys:
                added = added + of_visitors
        (added,) = ctx.ring.start(added)()
        if keys is None:
            return (total + added).to(queries.dtype), None, of_scale, None, None
        learnt = (added + of_keys).to(keys.dtype) if wants_keys else None
        return total.to(queries.dtype), learnt, of_scale, None, None
