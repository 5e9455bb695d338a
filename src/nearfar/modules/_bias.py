"""The least predictor: one vector added to every sample."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_integer

__all__ = ["Bias"]


@final
class Bias(nn.Module):
    """Adds the same learnt vector to every row; starts as nothing added.

    Args:
        dim: Dimensions of a row.

    Example:
        >>> import torch
        >>> Bias(2)(torch.tensor([[1.0, 2.0]])).tolist()
        [[1.0, 2.0]]
    """

    def __init__(self, dim: int) -> None:
        super().__init__()
        check_integer(at_least=1, dim=dim)
        self.bias = nn.Parameter(torch.zeros(dim))

    def forward(self, x: Float[Tensor, "batch dim"]) -> Float[Tensor, "batch dim"]:
        """Every row, moved."""
        return x + self.bias
