"""A residual MLP that encodes vectors."""

from __future__ import annotations

from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_integer

__all__ = ["PerceptronEncoder"]


def _layer(inputs: int, outputs: int) -> nn.Sequential:
    # batch-norm would cancel the bias
    return nn.Sequential(
        nn.Linear(inputs, outputs, bias=False),
        nn.BatchNorm1d(outputs),
        nn.ReLU(inplace=True),
    )


class _Residual(nn.Module):
    """A residual layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layer = _layer(width, width)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = x + self.layer(x)
        return out


@final
class PerceptronEncoder(nn.Module):
    """Linear layers with batch-norm and ReLU, residual after the first.

    Args:
        inputs: Dimension of the input vectors.
        width: Width of every layer, and dimension of the representation.
        blocks: Number of residual layers.

    Shape:
        ``[batch, inputs]`` → ``[batch, width]``.

    Example:
        >>> import torch
        >>> PerceptronEncoder(64)(torch.zeros(4, 64)).shape
        torch.Size([4, 128])
    """

    def __init__(self, inputs: int, *, width: int = 128, blocks: int = 2) -> None:
        super().__init__()
        check_integer(at_least=1, inputs=inputs, width=width)
        check_integer(at_least=0, blocks=blocks)
        self.num_features = width
        residuals = [_Residual(width) for _ in range(blocks)]
        self.layers = nn.Sequential(_layer(inputs, width), *residuals)

    def forward(self, vectors: Float[Tensor, "batch inputs"]) -> Float[Tensor, "batch width"]:
        """Encode vectors."""
        out: Tensor = self.layers(vectors)
        return out
