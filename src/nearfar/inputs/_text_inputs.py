"""Batches of texts, before and after tokenisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import torch
from jaxtyping import Bool, Int64
from torch import Tensor
from torch.nn import functional as F

from nearfar.inputs._inputs import Inputs

__all__ = ["Texts", "Tokens"]


@final
@dataclass(frozen=True)
class Texts(Inputs):
    """Texts before tokenisation."""

    strings: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.strings)

    def select(self, rows: slice | Tensor) -> Texts:
        if isinstance(rows, slice):
            return Texts(self.strings[rows])
        return Texts(tuple(self.strings[row] for row in rows.tolist()))

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Texts:
        return self

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Texts:
        return cls(tuple(string for part in parts for string in part.strings))


@final
@dataclass(frozen=True, eq=False)
class Tokens(Inputs):
    """Tokenised texts, padded with 0 at the end.

    Attributes:
        ids: Token ids; 0 only for padding.
        lengths: Number of tokens of each text, 1 or more.
    """

    ids: Int64[Tensor, "batch length"]
    lengths: Int64[Tensor, " batch"]

    def __len__(self) -> int:
        return len(self.ids)

    def select(self, rows: slice | Tensor) -> Tokens:
        return Tokens(self.ids[rows], self.lengths[rows])

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Tokens:
        ids = self.ids.to(device, non_blocking=True)
        return Tokens(ids, self.lengths.to(device, non_blocking=True))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Tokens:
        longest = max(part.ids.shape[1] for part in parts)
        ids = [F.pad(part.ids, (0, longest - part.ids.shape[1])) for part in parts]
        return cls(torch.cat(ids), torch.cat([part.lengths for part in parts]))

    def mask(self) -> Bool[Tensor, "batch length"]:
        """True at tokens that are not padding."""
        places = torch.arange(self.ids.shape[1], device=self.ids.device)
        return places < self.lengths[:, None]
