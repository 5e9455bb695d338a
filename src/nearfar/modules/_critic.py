"""A score for pairs that live in different spaces."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_integer

__all__ = ["BilinearCritic"]


@final
class BilinearCritic(nn.Module):
    r"""The score :math:`q^\top W k`, split into a learnt map and a plain product.

    The module maps a query to :math:`W^\top q`, in the space of the keys; its product with a key
    is the score. So every objective that compares by product, without normalisation, serves
    bilinear scores, and a query is mapped once however many keys it meets.

    Args:
        query_dim: Dimensions of a query (a context, a patch).
        key_dim: Dimensions of a key (a future, a summary).

    Shape:
        ``[..., query_dim]`` → ``[..., key_dim]``.

    Example:
        >>> import torch
        >>> critic = BilinearCritic(256, 512)
        >>> queries, keys = torch.randn(8, 256), torch.randn(20, 512)
        >>> (critic(queries) @ keys.T).shape
        torch.Size([8, 20])
    """

    def __init__(self, query_dim: int, key_dim: int) -> None:
        super().__init__()
        check_integer(at_least=1, query_dim=query_dim, key_dim=key_dim)
        self.weight = nn.Parameter(torch.empty(query_dim, key_dim))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, queries: Float[Tensor, "*samples query"]) -> Float[Tensor, "*samples key"]:
        """Queries in the space of the keys."""
        return queries @ self.weight
