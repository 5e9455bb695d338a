"""A network that follows another one slowly."""

from __future__ import annotations

import copy
from typing import Any, final

import torch
from torch import Tensor, nn

from nearfar.checks import check_fraction

__all__ = ["MomentumCopy"]


@final
class MomentumCopy(nn.Module):
    r"""Copy of a module whose weights are a moving average of the original's.

    :math:`\xi \leftarrow m\,\xi + (1 - m)\,\theta` for every parameter, with :math:`m` the *decay*.
    Buffers (batch-norm's statistics) are the copy's own: it sees batches too. Its parameters never
    take a gradient.

    Args:
        source: The module to copy; the copy starts equal to it.

    Example:
        >>> import torch
        >>> source = torch.nn.Linear(1, 1, bias=False)
        >>> target = MomentumCopy(source)
        >>> _ = target.module.weight.data.fill_(1.0), source.weight.data.fill_(0.0)
        >>> target.follow(source, decay=0.9)
        >>> round(target.module.weight.item(), 4)
        0.9
    """

    def __init__(self, source: nn.Module) -> None:
        super().__init__()
        self.module = copy.deepcopy(source).requires_grad_(False)

    @torch.no_grad()
    def follow(self, source: nn.Module, *, decay: float) -> None:
        """Move a step towards `source`; a decay of 1 stands still, 0 copies."""
        check_fraction(decay=decay)
        mine = [parameter.data for parameter in self.module.parameters()]
        theirs = [parameter.data for parameter in source.parameters()]
        torch._foreach_lerp_(mine, theirs, 1 - decay)

    @torch.no_grad()
    def forward(self, *inputs: Any) -> Tensor:
        """The copy's output, without gradient."""
        out: Tensor = self.module(*inputs)
        return out
