"""Two sources whose samples are paired by position."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, final

import torch
from torch import Tensor

from nearfar.data._source import Batch, Source, check_positions
from nearfar.data._subset import Subset
from nearfar.data.pairs._grouped_samples import GroupSource
from nearfar.inputs import Pair

__all__ = ["PairSource", "is_paired", "sides"]


@final
class PairSource(Source):
    """Pairs of sample `i` of one source and sample `i` of another, as two views of the same object.

    Args:
        x: The inputs.
        s: The self-supervised signals, of the same or another modality.
        name: Short name; that of `x` by default.
        notes: Notes for the user, in addition to those of `x` and `s`.

    Raises:
        ValueError: Sources of different lengths, or a side that is a source of pairs.

    Example:
        >>> from nearfar.data import open_source
        >>> PairSource(open_source("digits"), open_source("digits"))
        <digits: 1,797 pairs (grey images 8×8, grey images 8×8)>
    """

    modality: ClassVar = "pairs"

    def __init__(
        self, x: Source, s: Source, *, name: str | None = None, notes: tuple[str, ...] = ()
    ) -> None:
        if len(x) != len(s):
            raise ValueError(
                f"`x` and `s` must have equal lengths,"
                f" got {len(x):,} in {x.name} and {len(s):,} in {s.name}"
            )
        for side in (x, s):
            if side.modality == "pairs":
                raise ValueError(
                    f"the sides of a pair must not be pairs themselves, {side.name} is"
                )
        self.x, self.s = x, s
        self.name = name or x.name
        self.at_once = min(x.at_once, s.at_once)
        self._notes = notes

    def __len__(self) -> int:
        return len(self.x)

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        return Batch(Pair(self.x.read(index).inputs, self.s.read(index).inputs), index)

    def identify(self, sample: int) -> str:
        return self.x.identify(int(self.x.samples[sample]))

    def describe(self) -> str:
        kinds = (side.describe().partition(" ")[2] for side in (self.x, self.s))
        return f"{len(self):,} pairs ({', '.join(kinds)})"

    @property
    def in_memory(self) -> bool:
        return self.x.in_memory and self.s.in_memory

    @property
    def notes(self) -> tuple[str, ...]:
        same = self.x is self.s
        return (*self._notes, *self.x.notes, *(() if same else self.s.notes))

    @cached_property
    def fingerprint(self) -> str:
        return _hash(self.x.fingerprint, self.s.fingerprint)

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        sides = (self.x, self.s)
        known = [side.former_fingerprints or (side.fingerprint,) for side in sides]
        formers = [_hash(x, s) for x, s in zip(*known, strict=False)]
        return tuple(former for former in formers if former != self.fingerprint)


def _hash(x: str, s: str) -> str:
    return hashlib.blake2b(f"{x} {s}".encode(), digest_size=8).hexdigest()


def is_paired(source: Source) -> bool:
    """Whether samples are pairs, or groups from which pairs are drawn."""
    return isinstance(source.root, (PairSource, GroupSource))


def sides(source: Source) -> tuple[Source, Source]:
    """The inputs and the signals of pairs or a subset of them; for groups, all members twice.

    Raises:
        TypeError: A source whose samples are not pairs.
    """
    root = source.root
    if isinstance(root, GroupSource):
        if source is root:
            return root.x, root.x
        members = source.samples[:, None] * root.size + torch.arange(root.size)
        own = Subset(root.x, members.flatten())
        return own, own
    if not isinstance(root, PairSource):
        raise TypeError(f"`source` must contain pairs, got {source.modality}: {source.describe()}")
    if source is root:
        return root.x, root.s
    return Subset(root.x, source.samples), Subset(root.s, source.samples)
