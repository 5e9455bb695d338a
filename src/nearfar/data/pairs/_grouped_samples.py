"""Groups of samples of which any two members form a pair."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from typing import ClassVar, final

import torch
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.data._source import Batch, Source, check_positions
from nearfar.inputs import Group

__all__ = ["GroupSource"]


@final
class GroupSource(Source):
    """Groups of a source's samples, such as an image's captions or a character's drawings.

    A sample is a group; in each epoch, two different members are drawn as its views.

    Args:
        members: Source of the members, with the members of a group adjacent.
        size: Number of members per group, 2 or more.
        name: Short name; that of `members` by default.
        noun: Name of a group in messages, such as ``character``.

    Raises:
        ValueError: A number of members that is not a multiple of `size`.

    Attributes:
        x: The members, as inputs of pairs.
        s: The members, as signals of pairs.

    Example:
        >>> from nearfar.data import Subset, open_source
        >>> GroupSource(Subset(open_source("digits"), range(1000)), size=5)
        <digits: 200 groups of 5 (of 1,797 grey images 8×8)>
    """

    modality: ClassVar = "pairs"

    def __init__(
        self, members: Source, *, size: int, name: str | None = None, noun: str = "group"
    ) -> None:
        check_integer(at_least=2, size=size)
        if len(members) % size:
            raise ValueError(
                f"`members` must be a multiple of `size` {size}, got {len(members):,} in"
                f" {members.name}"
            )
        self.x = self.s = members
        self.size = size
        self.name = name or members.name
        self.at_once = max(1, members.at_once // size)
        self._noun = noun

    def __len__(self) -> int:
        return len(self.x) // self.size

    def read(self, positions: Sequence[int] | Tensor) -> Batch:
        index = check_positions(positions, length=len(self))
        members = index[:, None] * self.size + torch.arange(self.size)
        return Batch(Group(self.x.read(members.flatten()).inputs, self.size), index)

    def identify(self, sample: int) -> str:
        return f"{self._noun} {sample}"

    def describe(self) -> str:
        kind = self.x.describe().partition(" ")[2]
        return f"{len(self):,} {self._noun}s of {self.size} ({kind})"

    @property
    def in_memory(self) -> bool:
        return self.x.in_memory

    @property
    def notes(self) -> tuple[str, ...]:
        return self.x.notes

    @cached_property
    def fingerprint(self) -> str:
        return self._of(self.x.fingerprint)

    @property
    def former_fingerprints(self) -> tuple[str, ...]:
        return tuple(map(self._of, self.x.former_fingerprints))

    def _of(self, fingerprint: str) -> str:
        content = f"{fingerprint} {self.size}"
        return hashlib.blake2b(content.encode(), digest_size=8).hexdigest()
