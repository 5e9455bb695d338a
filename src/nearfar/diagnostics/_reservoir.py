"""A bounded random sample of a stream's rows, independent of how the stream is chunked."""

from __future__ import annotations

from typing import Final, Self, final

import torch
from jaxtyping import Float, Int64
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


def _content(rows: Tensor) -> Tensor:
    """A hash of the values of each row."""
    places = torch.arange(1, rows.shape[1] + 1, device=rows.device)
    values = rows.contiguous().view(torch.int32).long()
    mixed: Tensor = (values * _mixed(places * _MULTIPLIERS[0])).sum(dim=1)
    return mixed


@final
class Reservoir(StreamState):
    """A pseudo-random sample of at most `capacity` rows of a stream.

    Each row gets a key, a hash of its position in the stream and of its content, and the rows with
    the smallest keys are kept. No generator is needed: the sample is the same for any chunks, and
    merging is a union, hence associative and commutative. The position is part of the key so that
    equal rows (a partial collapse) are kept in proportion.

    If each row is given a number of its own, the key is a hash of that number alone: reservoirs of
    the parts of a stream, merged, are then the reservoir of the whole.

    Cost:
        ``capacity`` × dim numbers in float32.
    """

    _seen: Tensor
    _rows: Tensor
    _keys: Tensor
    _ids: Tensor

    def __init__(self, capacity: int) -> None:
        check_integer(at_least=2, capacity=capacity)
        super().__init__()
        self.capacity = capacity
        self.add_state("_seen", torch.tensor(0))
        self.add_state("_rows", torch.empty(0, 1))
        self.add_state("_keys", torch.empty(0, dtype=torch.int64))
        self.add_state("_ids", torch.empty(0, dtype=torch.int64))

    @property
    def seen(self) -> int:
        """Number of rows of the stream so far."""
        return int(self._seen)

    @property
    def rows(self) -> Float[Tensor, "kept dim"]:
        """The rows kept, in the order of their keys."""
        return self._rows

    @property
    def ids(self) -> Int64[Tensor, " kept"]:
        """The number of each row kept: that of :meth:`update`, else its position in the stream."""
        return self._ids

    def update(
        self, rows: Float[Tensor, "samples dim"], *, ids: Int64[Tensor, " samples"] | None = None
    ) -> None:
        """Add rows.

        Args:
            rows: The rows.
            ids: A number for each row, different from those of all other rows, also in other parts
                of the stream.
        """
        self._take_place(rows.device)
        rows = rows.detach()
        if ids is None:
            rows = rows.to(self.device).float()
            ids = self._seen + torch.arange(len(rows), device=self.device)
            keys = _mixed(ids * _MULTIPLIERS[0]) + _content(rows)
        else:
            ids = ids.to(self.device)
            keys = _mixed(ids * _MULTIPLIERS[0])
        self._seen = self._seen + len(rows)
        self._keep(rows, _mixed(keys), ids)

    def merge(self, other: Self) -> Self:
        """A new reservoir of the rows of both."""
        merged = type(self)(min(self.capacity, other.capacity)).to(self.device)
        for part in (self, other):
            merged._keep(*(held.to(self.device) for held in (part._rows, part._keys, part._ids)))
        merged._seen = self._seen + other._seen.to(self.device)
        return merged

    def _keep(self, rows: Tensor, keys: Tensor, ids: Tensor) -> None:
        if len(self._keys) == self.capacity:  # most rows of a long stream come too late
            early = keys < self._keys[-1]
            rows, keys, ids = rows[early], keys[early], ids[early]
        if not len(rows):
            return
        rows = rows.to(self.device).float()
        rows = torch.cat([self._rows, rows]) if len(self._rows) else rows
        keys, order = torch.cat([self._keys, keys]).sort(stable=True)
        order, self._keys = order[: self.capacity], keys[: self.capacity]
        self._rows, self._ids = rows[order], torch.cat([self._ids, ids])[order]
