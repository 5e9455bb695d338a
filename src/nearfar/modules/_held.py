"""A module used as it is, without training it."""

from __future__ import annotations

from torch import Tensor, nn
from torch.func import functional_call

__all__ = ["held"]


def held(module: nn.Module, x: Tensor) -> Tensor:
    """The module's output, through which a gradient reaches the input and no parameter.

    Nothing of the module moves: its running statistics neither.

    Args:
        module: Any.
        x: Its input.

    Example:
        >>> import torch
        >>> layer, x = nn.Linear(2, 1), torch.zeros(1, 2, requires_grad=True)
        >>> held(layer, x).sum().backward()
        >>> torch.equal(x.grad, layer.weight), layer.weight.grad
        (True, None)
    """
    state = {name: parameter.detach() for name, parameter in module.named_parameters()}
    state |= {name: buffer.clone() for name, buffer in module.named_buffers()}
    out: Tensor = functional_call(module, state, (x,))
    return out
