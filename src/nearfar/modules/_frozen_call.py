"""A module applied without training it."""

from __future__ import annotations

from torch import Tensor, nn
from torch.func import functional_call

__all__ = ["frozen_call"]


def frozen_call(module: nn.Module, x: Tensor) -> Tensor:
    """The module's output, with gradients for the input but not for the parameters.

    Buffers such as running statistics are not updated either.

    Args:
        module: The module to apply.
        x: Its input.

    Example:
        >>> import torch
        >>> layer, x = nn.Linear(2, 1), torch.zeros(1, 2, requires_grad=True)
        >>> frozen_call(layer, x).sum().backward()
        >>> torch.equal(x.grad, layer.weight), layer.weight.grad
        (True, None)
    """
    state = {name: parameter.detach() for name, parameter in module.named_parameters()}
    state |= {name: buffer.clone() for name, buffer in module.named_buffers()}
    out: Tensor = functional_call(module, state, (x,))
    return out
