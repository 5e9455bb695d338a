"""Memory bank: one vector per training sample."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float, Int64
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.checks import check_fraction, check_integer

__all__ = ["MemoryBank"]


@final
class MemoryBank(nn.Module):
    """An exponential moving average of each sample's vectors; saved in checkpoints.

    Initialised with random directions.

    Args:
        size: Number of training samples.
        dim: Dimension of a vector.

    Attributes:
        vectors: ``[size, dim]``; initially unit rows.

    Example:
        >>> import torch
        >>> bank = MemoryBank(size=3, dim=2)
        >>> bank.follow(torch.tensor([2]), torch.tensor([[3.0, 4.0]]), decay=0.0)
        >>> bank(torch.tensor([2])).tolist()
        [[3.0, 4.0]]
    """

    vectors: Tensor

    def __init__(self, *, size: int, dim: int) -> None:
        super().__init__()
        check_integer(at_least=1, size=size, dim=dim)
        self.register_buffer("vectors", F.normalize(torch.randn(size, dim), dim=1))

    def forward(self, samples: Int64[Tensor, " batch"]) -> Float[Tensor, "batch dim"]:
        """The vectors of these samples."""
        return self.vectors[samples]

    @torch.no_grad()
    def follow(
        self, samples: Int64[Tensor, " batch"], vectors: Float[Tensor, "batch dim"], *, decay: float
    ) -> None:
        """Update the averages; a decay of 1 leaves them unchanged, 0 replaces them."""
        check_fraction(decay=decay)
        stored = self.vectors[samples]
        self.vectors[samples] = stored.lerp(vectors.to(stored.dtype), 1 - decay)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return f"size={self.vectors.shape[0]}, dim={self.vectors.shape[1]}"
