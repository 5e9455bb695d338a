"""A bounded random sample of a stream's rows, independent of how the stream is chunked."""

from __future__ import annotations

from typing import Final, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer

__all__ = ["Reservoir"]

_MULTIPLIERS: Final = (-7046029254386353131, -4658895280553007687, -7723592293110705685)
"""Odd 64-bit constants (splitmix64's increment and multipliers, as signed integers)."""


def _shifted(word: Tensor, by: int) -> Tensor:
    return (word >> by) & ((1 << (64 - by)) - 1)  # a logical shift: int64 is signed


def _mixed(word: Tensor) -> Tensor:
    """The finaliser of splitmix64, a pseudo-random bijection of 64-bit words."""
    word = (word ^ _shifted(word, 30)) * _MULTIPLIERS[1]
    word = (word ^ _shifted(word, 27)) * _MULTIPLIERS[2]
    return word ^ _shifted(word, 31)


@final
class Reservoir:
    """A pseudo-random sample of at most `capacity` rows of a stream.

    Each row gets a key, a hash of its position in the stream and of its content, and the rows with
    the smallest keys are kept. No generator is needed: the sample is the same for any chunks, and
    merging is a union, hence associative and commutative. The position is part of the key so that
    equal rows (a partial collapse) are kept in proportion.

    Cost:
        ``capacity`` × dim numbers in float32 on the CPU.
    """

    def __init__(self, capacity: int) -> None:
        check_integer(at_least=2, capacity=capacity)
        self.capacity = capacity
        self.reset()

    def reset(self) -> None:
        """Discard all rows."""
        self.seen = 0
        self._rows: Tensor | None = None
        self._keys = torch.empty(0, dtype=torch.int64)

    @property
    def rows(self) -> Float[Tensor, "kept dim"]:
        """The rows kept, in the order of their keys."""
        return torch.empty(0, 1) if self._rows is None else self._rows

    def update(self, rows: Float[Tensor, "samples dim"]) -> None:
        """Add rows."""
        rows = rows.detach().cpu().float()
        positions = torch.arange(self.seen, self.seen + rows.shape[0])
        weights = _mixed(torch.arange(1, rows.shape[1] + 1) * _MULTIPLIERS[0])
        content = (rows.contiguous().view(torch.int32).long() * weights).sum(dim=1)
        self.seen += rows.shape[0]
        self._keep(rows, _mixed(_mixed(positions * _MULTIPLIERS[0]) + content))

    def merge(self, other: Self) -> Self:
        """A new reservoir of the rows of both."""
        merged = type(self)(min(self.capacity, other.capacity))
        for part in (self, other):
            if part._rows is not None:
                merged._keep(part._rows, part._keys)
        merged.seen = self.seen + other.seen
        return merged

    def _keep(self, rows: Tensor, keys: Tensor) -> None:
        rows = rows if self._rows is None else torch.cat([self._rows, rows])
        keys, order = torch.cat([self._keys, keys]).sort(stable=True)
        self._rows, self._keys = rows[order[: self.capacity]], keys[: self.capacity]
