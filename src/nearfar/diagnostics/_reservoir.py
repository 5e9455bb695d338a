"""A bounded random sample of a stream's rows, independent of how the stream is chunked."""

from __future__ import annotations

from typing import Final, Self, final

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.diagnostics._diagnostic import StreamState

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
class Reservoir(StreamState):
    """A pseudo-random sample of at most `capacity` rows of a stream.

    Each row gets a key, a hash of its position in the stream and of its content, and the rows with
    the smallest keys are kept. No generator is needed: the sample is the same for any chunks, and
    merging is a union, hence associative and commutative. The position is part of the key so that
    equal rows (a partial collapse) are kept in proportion.

    Cost:
        ``capacity`` × dim numbers in float32.
    """

    _seen: Tensor
    _rows: Tensor
    _keys: Tensor

    def __init__(self, capacity: int) -> None:
        check_integer(at_least=2, capacity=capacity)
        super().__init__()
        self.capacity = capacity
        self.add_state("_seen", torch.tensor(0))
        self.add_state("_rows", torch.empty(0, 1))
        self.add_state("_keys", torch.empty(0, dtype=torch.int64))

    @property
    def seen(self) -> int:
        """Number of rows of the stream so far."""
        return int(self._seen)

    @property
    def rows(self) -> Float[Tensor, "kept dim"]:
        """The rows kept, in the order of their keys."""
        return self._rows

    def update(self, rows: Float[Tensor, "samples dim"]) -> None:
        """Add rows."""
        self._take_place(rows.device)
        rows = rows.detach().to(self.device).float()
        positions = self._seen + torch.arange(len(rows), device=self.device)
        weights = _mixed(torch.arange(1, rows.shape[1] + 1, device=self.device) * _MULTIPLIERS[0])
        content = (rows.contiguous().view(torch.int32).long() * weights).sum(dim=1)
        self._seen = self._seen + len(rows)
        self._keep(rows, _mixed(_mixed(positions * _MULTIPLIERS[0]) + content))

    def merge(self, other: Self) -> Self:
        """A new reservoir of the rows of both."""
        merged = type(self)(min(self.capacity, other.capacity)).to(self.device)
        for part in (self, other):
            merged._keep(part._rows.to(self.device), part._keys.to(self.device))
        merged._seen = self._seen + other._seen.to(self.device)
        return merged

    def _keep(self, rows: Tensor, keys: Tensor) -> None:
        if not len(rows):
            return
        rows = torch.cat([self._rows, rows]) if len(self._rows) else rows
        keys, order = torch.cat([self._keys, keys]).sort(stable=True)
        self._rows, self._keys = rows[order[: self.capacity]], keys[: self.capacity]
