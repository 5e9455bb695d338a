"""Momentum encoder: an exponential moving average of a network."""

from __future__ import annotations

import copy
from typing import Any, final

import torch
from torch import Tensor, nn

from nearfar.checks import check_fraction

__all__ = ["MomentumCopy"]


@final
class MomentumCopy(nn.Module):
    r"""Copy of a module with an exponential moving average (EMA) of its weights.

    :math:`\xi \leftarrow m\,\xi + (1 - m)\,\theta` for every parameter, with :math:`m` the *decay*.
    Buffers (batch-norm statistics) are not averaged: the copy computes its own. Its parameters
    never receive gradients.

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
        """Update the average; a decay of 1 leaves it unchanged, 0 copies `source`."""
        check_fraction(decay=decay)
        mine = [parameter.data for parameter in self.module.parameters()]
        theirs = [parameter.data for parameter in source.parameters()]
        torch._foreach_lerp_(mine, theirs, 1 - decay)

    @torch.no_grad()
    def forward(self, *inputs: Any) -> Tensor:
        """The copy's output, without gradient."""
        out: Tensor = self.module(*inputs)
        return out
