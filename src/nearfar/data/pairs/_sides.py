"""The two halves of pairs, each as a source of its own."""

from __future__ import annotations

import torch

from nearfar.data._source import Source
from nearfar.data._subset import Subset
from nearfar.data.pairs._groups import GroupSource
from nearfar.data.pairs._source import PairSource

__all__ = ["sides"]


def sides(source: Source) -> tuple[Source, Source]:
    """The inputs and the signals of pairs, or of some of them; of groups twice all members.

    Raises:
        TypeError: A source of something else.
    """
    root = source.root
    if isinstance(root, GroupSource):
        if source is root:
            return root.x, root.x
        members = source.samples[:, None] * root.size + torch.arange(root.size)
        own = Subset(root.x, members.flatten())
        return own, own
    if not isinstance(root, PairSource):
        raise TypeError(f"`source` must be of pairs, got {source.modality}: {source.describe()}")
    if source is root:
        return root.x, root.s
    return Subset(root.x, source.samples), Subset(root.s, source.samples)
