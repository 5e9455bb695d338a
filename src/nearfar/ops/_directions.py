"""The unit sphere, where contrastive objectives compare."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor
from torch.linalg import vector_norm

from nearfar.ops._precision import widen

__all__ = ["to_sphere"]

_SHORTEST = 1e-12  # a shorter row has no direction


def to_sphere(vectors: Float[Tensor, "*samples dim"]) -> Float[Tensor, "*samples dim"]:
    """Divide every row by its length, in float32 or wider.

    A row without direction (length below 1e-12) is passed on as it is, with its gradient: dividing
    by a tiny constant instead would multiply the gradient by 1e12.

    Example:
        >>> import torch
        >>> to_sphere(torch.tensor([[3.0, 4.0], [0.0, 0.0]]))
        tensor([[0.6000, 0.8000],
                [0.0000, 0.0000]])
    """
    vectors = widen(vectors)
    lengths: Tensor = vector_norm(vectors, dim=-1, keepdim=True)
    return vectors / lengths.masked_fill(lengths < _SHORTEST, 1.0)
