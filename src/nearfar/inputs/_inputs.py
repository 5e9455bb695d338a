"""The base of everything that is not one tensor with a row for each sample."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self, TypeAlias

import torch
from torch import Tensor

__all__ = ["Inputs", "View", "count", "join", "joinable", "move", "select"]


class Inputs(ABC):
    """Several samples of one kind, immutable; sample ``i`` is row ``i``.

    Images of one size are a tensor; what has a length, an edge or words is an ``Inputs``. Sources
    hand them out, views turn one into another, encoders take them, and the training loop cuts,
    joins and moves them without knowing which they are.
    """

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def select(self, rows: slice | Tensor) -> Self:
        """The samples of these rows, in this order."""

    @abstractmethod
    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Self:
        """On another device; numbers of floating point as `dtype`."""

    @classmethod
    @abstractmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """All samples of several, one after the other."""


View: TypeAlias = Tensor | Inputs
"""What a source hands out, a view shows and an encoder takes: a tensor with a row for each sample,
or :class:`Inputs`."""


def count(view: View) -> int:
    """Number of samples.

    >>> count(torch.zeros(3, 2))
    3
    """
    return len(view)


def select(view: View, rows: slice | Tensor) -> View:
    """The samples of these rows."""
    return view[rows] if isinstance(view, Tensor) else view.select(rows)


def move(view: View, device: torch.device | str, dtype: torch.dtype | None = None) -> View:
    """On another device; numbers of floating point as `dtype`, bytes and whole numbers as they are.

    >>> move(torch.zeros(1, dtype=torch.uint8), "cpu", torch.float64).dtype
    torch.uint8
    """
    if not isinstance(view, Tensor):
        return view.to(device, dtype)
    wanted = dtype if view.is_floating_point() else None
    return view.to(device=device, dtype=wanted, non_blocking=True)


def joinable(views: Sequence[View]) -> bool:
    """Whether :func:`join` can put these together: tensors of one shape, or one kind of inputs."""
    first = views[0]
    if isinstance(first, Tensor):
        return all(isinstance(v, Tensor) and v.shape[1:] == first.shape[1:] for v in views)
    return all(type(view) is type(first) for view in views)


def join(views: Sequence[View]) -> View:
    """All samples of several views, one after the other.

    >>> join([torch.zeros(2, 3), torch.ones(1, 3)]).shape
    torch.Size([3, 3])

    Raises:
        TypeError: Views of different kinds.
    """
    tensors = [view for view in views if isinstance(view, Tensor)]
    if len(tensors) == len(views):
        return torch.cat(tensors)
    inputs = [view for view in views if isinstance(view, Inputs)]
    kind = type(views[0])
    if not joinable(views) or len(inputs) != len(views):
        names = ", ".join(type(view).__name__ for view in views)
        raise TypeError(f"`views` must be of one kind to be joined, got {names}")
    return inputs[0] if len(inputs) == 1 else kind.join(inputs)  # type: ignore[union-attr]
