"""Pairs of inputs and self-supervised signals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self, final

import torch
from torch import Tensor

from nearfar.inputs._inputs import Inputs, View, count, join, move, select

__all__ = ["Pair", "Signal"]


@final
@dataclass(frozen=True, eq=False)
class Pair(Inputs):
    """Inputs and their signals, row by row.

    Attributes:
        x: The inputs.
        s: The self-supervised signals, of the same or another modality.
    """

    x: View
    s: View

    def __len__(self) -> int:
        return count(self.x)

    def select(self, rows: slice | Tensor) -> Pair:
        return Pair(select(self.x, rows), select(self.s, rows))

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Pair:
        return Pair(move(self.x, device, dtype), move(self.s, device, dtype))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Pair:
        return cls(join([part.x for part in parts]), join([part.s for part in parts]))


@final
@dataclass(frozen=True, eq=False)
class Signal(Inputs):
    """A view of the signal, marked as such, so that a dual encoder applies its second encoder.

    Attributes:
        view: The view.
    """

    view: View

    def __len__(self) -> int:
        return count(self.view)

    def select(self, rows: slice | Tensor) -> Signal:
        return Signal(select(self.view, rows))

    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Signal:
        return Signal(move(self.view, device, dtype))

    @classmethod
    def join(cls, parts: Sequence[Self]) -> Signal:
        return cls(join([part.view for part in parts]))
