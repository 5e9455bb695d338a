"""Log-sum-exp over the pairs of all processes, keys passing from one to the next."""

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
        """How many there are."""

    def start(self, *tensors: Tensor) -> Callable[[], tuple[Tensor, ...]]:
        """Begin to send tensors on; the result waits for those of the process before."""

    def check_alike(self, **tensors: Tensor) -> None:
        """Raise where shapes differ between processes."""

    def gather(self, tensor: Tensor) -> Tensor:
        """All processes' tensors along the first axis, with their gradient."""


class RingLogSumExp(torch.autograd.Function):
    """Sums over every process's keys, a process holding its own and one visiting shard.

    Each shard makes the round twice: forward, and backward together with the gradient that the
    processes add to on its way. Only the own shard has pairs to leave out.
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
        visitors, shares = own, torch.zeros_like(widen(own))
        for _ in range(1, ctx.ring.size):
            visitors, shares = ctx.ring.start(visitors, shares)()
            part, of_visitors, of_scale_there = against(visitors, 0)
            total = total + part
            of_scale += of_scale_there
            if wants_keys:
                shares = shares + of_visitors
        (shares,) = ctx.ring.start(shares)()
        if keys is None:
            return (total + shares).to(queries.dtype), None, of_scale, None, None
        return total.to(queries.dtype), (shares + of_keys).to(keys.dtype), of_scale, None, None
