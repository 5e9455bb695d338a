"""Critics that score pairs from two spaces by an inner product."""

from __future__ import annotations

import math
from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_integer
from nearfar.modules._embedding_head import EmbeddingHead

__all__ = ["BilinearCritic", "DotCritic"]


@final
class BilinearCritic(nn.Module):
    r"""The bilinear score :math:`q^\top W k` as a learnt linear map and an inner product.

    The module maps a query to :math:`W^\top q`, in the space of the keys; the inner product with a
    key is the score. Any objective on unnormalised inner products then works with bilinear scores,
    and each query is mapped once for all keys.

    Args:
        query_dim: Dimension of a query (a context, a patch).
        key_dim: Dimension of a key (a future encoding, a summary).

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
        """Queries mapped to the keys' space."""
        return queries @ self.weight


@final
class DotCritic(nn.Module):
    """Embeds local and global features; a score is the inner product of two embeddings.

    Each location is embedded once for all global features, and objectives on inner products apply.
    Embedded local features have unit variance over their dimensions (layer norm); embedded global
    features are divided by the square root of the dimension, so that initial scores are of order 1.

    Args:
        local_dim: Dimension of a local feature.
        global_dim: Dimension of a global feature.
        units: Dimension of the embeddings.

    Reference:
        Encode-and-dot-product of Hjelm et al., ICLR 2019 (arXiv 1808.06670).

    Example:
        >>> import torch
        >>> critic = DotCritic(32, 64, units=256)
        >>> local, whole = critic(torch.randn(4, 49, 32), torch.randn(4, 64))
        >>> local.shape, whole.shape
        (torch.Size([4, 49, 256]), torch.Size([4, 256]))
    """

    def __init__(self, local_dim: int, global_dim: int, *, units: int) -> None:
        super().__init__()
        self.local_head = EmbeddingHead(local_dim, units, norm="layer")
        self.global_head = EmbeddingHead(global_dim, units)

    def forward(
        self, local: Float[Tensor, "batch locations local"], whole: Float[Tensor, "batch global"]
    ) -> tuple[Float[Tensor, "batch locations units"], Float[Tensor, "batch units"]]:
        """Local and global features mapped to the common space."""
        return self.local_head(local), self.global_head(whole) / math.sqrt(self.global_head.outputs)
