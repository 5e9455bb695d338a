"""Small text encoders, trained from scratch."""

from __future__ import annotations

from typing import final

import torch
from jaxtyping import Float
from torch import Tensor, nn

from nearfar.checks import check_fraction, check_integer
from nearfar.inputs import Tokens

__all__ = ["BagEncoder", "GRUEncoder"]


@final
class BagEncoder(nn.Module):
    """The mean of a text's word vectors, as in fastText, ignoring word order.

    Args:
        vocabulary: Size of the vocabulary, including padding.
        width: Dimension of a word vector and of the representation.
        dropout: Dropout probability on the mean vector.

    Shape:
        :class:`Tokens` of ``batch`` texts → ``[batch, width]``.

    Reference:
        Joulin, Grave, Bojanowski, Mikolov: Bag of tricks for efficient text classification (EACL
        2017); with 50 dimensions the encoder of Nozawa & Sato (NeurIPS 2021) for AG News.

    Example:
        >>> import torch
        >>> tokens = Tokens(torch.tensor([[4, 5], [6, 0]]), torch.tensor([2, 1]))
        >>> BagEncoder(10)(tokens).shape
        torch.Size([2, 50])
    """

    def __init__(self, vocabulary: int, *, width: int = 50, dropout: float = 0.0) -> None:
        super().__init__()
        check_integer(at_least=2, vocabulary=vocabulary)
        check_integer(at_least=1, width=width)
        check_fraction(dropout=dropout)
        self.num_features = width
        self.embedding = nn.EmbeddingBag(vocabulary, width, mode="mean", padding_idx=0)
        # fastText's initialisation; with unit variance, SGD updates are too small relative to it
        nn.init.uniform_(self.embedding.weight.data[1:], -1 / width, 1 / width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tokens) -> Float[Tensor, "batch width"]:
        """Encode texts."""
        means: Tensor = self.dropout(self.embedding(tokens.ids))
        return means


@final
class GRUEncoder(nn.Module):
    """Word vectors, a bidirectional GRU, and mean pooling over words.

    Args:
        vocabulary: Size of the vocabulary, including padding.
        width: Dimension of the representation, half per direction; even.
        dropout: Dropout probability on the word vectors and on the mean.

    Shape:
        :class:`Tokens` of ``batch`` texts → ``[batch, width]``.

    Reference:
        Cho et al. 2014 (arXiv 1406.1078); similar to the sentence encoder of Quick-Thought
        (Logeswaran & Lee, ICLR 2018).

    Example:
        >>> import torch
        >>> tokens = Tokens(torch.tensor([[4, 5], [6, 0]]), torch.tensor([2, 1]))
        >>> GRUEncoder(10, width=32)(tokens).shape
        torch.Size([2, 32])
    """

    def __init__(self, vocabulary: int, *, width: int = 256, dropout: float = 0.0) -> None:
        super().__init__()
        check_integer(at_least=2, vocabulary=vocabulary)
        check_integer(at_least=2, width=width)
        check_fraction(dropout=dropout)
        if width % 2:
            raise ValueError(f"`width` must be even, half per direction, got {width}")
        self.num_features = width
        self.embedding = nn.Embedding(vocabulary, width, padding_idx=0)
        self.forth = nn.GRU(width, width // 2, batch_first=True)
        self.back = nn.GRU(width, width // 2, batch_first=True)
        self.dropout = nn.Dropout(dropout)

    def forward(self, tokens: Tokens) -> Float[Tensor, "batch width"]:
        """Encode texts."""
        words = self.dropout(self.embedding(tokens.ids))
        mask = tokens.mask()
        places = torch.arange(mask.shape[1], device=mask.device)
        # reverse each row's words, keeping the padding last
        mirror = torch.where(mask, tokens.lengths[:, None] - 1 - places, places)[..., None]
        back, _ = self.back(words.gather(1, mirror.expand_as(words)))
        states = torch.cat((self.forth(words)[0], back), dim=2)  # the mean ignores their order
        seen = mask[..., None].to(states.dtype)
        out: Tensor = self.dropout((states * seen).sum(1) / seen.sum(1))
        return out
