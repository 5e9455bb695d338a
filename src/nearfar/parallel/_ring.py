"""Ring communication: each process passes tensors to the next."""

from __future__ import annotations

from collections.abc import Callable
from typing import final

import torch
from torch import Tensor, distributed

from nearfar.parallel._gathering import check_shapes, gather_alike
from nearfar.parallel._processes import is_distributed, rank, world_size

__all__ = ["Ring"]


@final
class Ring:
    """All processes of the group in a ring, by rank.

    Passed to an objective (``nt_xent_loss(z1, z2, temperature=0.1, ring=Ring())``), it makes the
    samples of all processes negatives of each other while each process holds only its own shard and
    one visiting shard. Work that :func:`nearfar.parallel.gather` repeats in every process is then
    divided among them.

    Example:
        >>> ring = Ring()
        >>> ring.size
        1
    """

    @property
    def size(self) -> int:
        """Number of processes."""
        return world_size()

    def start(self, *tensors: Tensor) -> Callable[[], tuple[Tensor, ...]]:
        """Start sending tensors to the next process.

        Returns:
            A function that waits for and returns the previous process's tensors.
        """
        following, preceding = (rank() + 1) % self.size, (rank() - 1) % self.size
        sent = [tensor.contiguous() for tensor in tensors]
        received = [torch.empty_like(tensor) for tensor in sent]
        messages = [distributed.P2POp(distributed.isend, tensor, following) for tensor in sent]
        messages += [distributed.P2POp(distributed.irecv, tensor, preceding) for tensor in received]
        under_way = distributed.batch_isend_irecv(messages)

        def wait() -> tuple[Tensor, ...]:
            for message in under_way:
                message.wait()
            return tuple(received)

        return wait

    def check_alike(self, **tensors: Tensor) -> None:
        """Check that shapes agree between processes.

        Raises:
            ValueError: Shapes differ between processes.
        """
        if is_distributed():
            for name, tensor in tensors.items():
                check_shapes(tensor, name=name)

    def gather(self, tensor: Tensor) -> Tensor:
        """All processes' tensors, with gradient, without checking that shapes agree."""
        return gather_alike(tensor) if is_distributed() else tensor
