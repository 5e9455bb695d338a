"""Several members per sample, such as drawings of a character or captions of an image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import torch
from jaxtyping import Int64
from torch import Tensor

from nearfar.inputs._inputs import Inputs, View, count, join, move, select

__all__ = ["Group"]


@final
@dataclass(frozen=True, eq=False)
class Group(Inputs):
    """Samples with `size` members each, any two of which form a positive pair.

    Attributes:
        members: All members, consecutive for each sample.
        size: Members per sample.
    """

    members: View
    size: int

    def __len__(self) -> int:
        return count(self.members) // self.size

    def select(self, rows: slice | Tensor) -> Group:
        chosen = torch.arange(len(self))[rows if isinstance(rows, slice) else rows.cpu()]
        each = chosen[:, None] * self.size + torch.arange(self.size)
        return Group(select(self.members, each.flatten()), self.size)

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Group:
        return Group(move(self.members, device, dtype), self.size)

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Group:
        return cls(join([part.members for part in parts]), parts[0].size)

    def member(self, which: Int64[Tensor, " batch"]) -> View:
        """One member of each sample.

        Args:
            which: Index of the member within the sample.
        """
        return select(self.members, torch.arange(len(self)) * self.size + which.cpu())
