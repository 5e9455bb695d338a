"""First-in, first-out queue of the keys of recent batches."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional as F

from nearfar.checks import check_integer

__all__ = ["KeyQueue"]


@final
class KeyQueue(nn.Module):
    """The latest ``size`` unit vectors, first in, first out; saved in checkpoints.

    Initialised with random directions, as in MoCo (arXiv 1911.05722, authors' code).

    Args:
        size: Number of keys. A multiple of the batch size, so that all keys stay equally long.
        dim: Dimension of a key.

    Attributes:
        keys: ``[size, dim]``, unit rows.

    Example:
        >>> import torch
        >>> queue = KeyQueue(size=4, dim=2)
        >>> queue.push(torch.tensor([[3.0, 0.0], [0.0, 2.0]]))
        >>> queue.keys[:2].tolist(), int(queue.position)
        ([[1.0, 0.0], [0.0, 1.0]], 2)
    """

    keys: Tensor
    position: Tensor

    def __init__(self, *, size: int, dim: int) -> None:
        super().__init__()
        check_integer(at_least=1, size=size, dim=dim)
        self.register_buffer("keys", F.normalize(torch.randn(size, dim), dim=1))
        self.register_buffer("position", torch.zeros((), dtype=torch.int64))

    @torch.no_grad()
    def push(self, keys: Float[Tensor, "batch dim"]) -> None:
        """Replace the oldest keys by these, normalised.

        Raises:
            ValueError: The batch size does not divide the queue's, or the dimensions differ.
        """
        size, dim = self.keys.shape
        batch = keys.shape[0]
        if size % batch or keys.shape[1] != dim:
            raise ValueError(
                f"`keys` must have {dim} columns and a number of rows that divides the queue's"
                f" {size} places, got shape {tuple(keys.shape)}"
            )
        start = int(self.position)
        self.keys[start : start + batch] = F.normalize(keys.to(self.keys.dtype), dim=1)
        self.position.fill_((start + batch) % size)

    def extra_repr(self) -> str:
        """Sizes, for ``repr``."""
        return f"size={self.keys.shape[0]}, dim={self.keys.shape[1]}"
