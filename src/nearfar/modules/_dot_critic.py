"""A critic of pairs from two spaces: both embedded, then compared by their product."""

from __future__ import annotations

import math
from typing import final

from jaxtyping import Float
from torch import Tensor, nn

from nearfar.modules._embedding_head import EmbeddingHead

__all__ = ["DotCritic"]


@final
class DotCritic(nn.Module):
    """Embeds the places of images and their vectors; a score is the product of two embeddings.

    So that every place is embedded once, however many vectors it meets, and objectives over
    products serve. Embedded places have unit variance over their dimensions, vectors any length;
    these are divided by the root of the dimensions, so that scores start at the scale of 1 instead
    of that root's.

    Args:
        local_dim: Dimensions of a place.
        global_dim: Dimensions of an image's vector.
        units: Dimensions of the embeddings.

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
        """Places and vectors in the space where they are compared."""
        return self.local_head(local), self.global_head(whole) / math.sqrt(self.global_head.outputs)
