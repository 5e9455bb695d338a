"""Base class of batches that are not a single tensor."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self, TypeAlias

import torch
from torch import Tensor

__all__ = ["Inputs", "View", "count", "join", "joinable", "move", "select"]


class Inputs(ABC):
    """An immutable batch of samples of one modality; sample ``i`` is row ``i``.

    Images of equal size are a plain tensor; anything with lengths, edges or words is an ``Inputs``.
    Sources return them, views transform them, encoders take them, and the training loop selects,
    concatenates and moves them, whatever their modality.
    """

    @abstractmethod
    def __len__(self) -> int:
        """Number of samples."""

    @abstractmethod
    def select(self, rows: slice | Tensor) -> Self:
        """The samples at these rows, in this order."""

    @abstractmethod
    def to(self, device: torch.device | str, dtype: torch.dtype | None = None) -> Self:
        """The batch on another device; floating-point data as `dtype`."""

    def numbers(self, *, count: int) -> Tensor:
        """`count` numbers per sample, as the target of a decoder.

        Raises:
            TypeError: Inputs of this type have none.
        """
        raise TypeError(f"`view` must contain numbers or tokens, got {type(self).__name__}")

    @classmethod
    @abstractmethod
    def join(cls, parts: Sequence[Self]) -> Self:
        """The concatenation of several batches."""


View: TypeAlias = Tensor | Inputs
"""A batch, as sources return and encoders take it: a tensor with one row per sample, or
:class:`Inputs`."""


def count(view: View) -> int:
    """Number of samples.

    >>> count(torch.zeros(3, 2))
    3
    """
    return len(view)


def select(view: View, rows: slice | Tensor) -> View:
    """The samples at these rows."""
    return view[rows] if isinstance(view, Tensor) else view.select(rows)


def move(view: View, device: torch.device | str, dtype: torch.dtype | None = None) -> View:
    """The batch on another device; floating-point data as `dtype`, integers unchanged.

    >>> move(torch.zeros(1, dtype=torch.uint8), "cpu", torch.float64).dtype
    torch.uint8
    """
    if not isinstance(view, Tensor):
        return view.to(device, dtype)
    wanted = dtype if view.is_floating_point() else None
    return view.to(device=device, dtype=wanted, non_blocking=True)


def joinable(views: Sequence[View]) -> bool:
    """Whether :func:`join` accepts these: tensors of equal shape, or inputs of the same type."""
    first = views[0]
    if isinstance(first, Tensor):
        return all(isinstance(v, Tensor) and v.shape[1:] == first.shape[1:] for v in views)
    return all(type(view) is type(first) for view in views)


def join(views: Sequence[View]) -> View:
    """The concatenation of several batches.

    >>> join([torch.zeros(2, 3), torch.ones(1, 3)]).shape
    torch.Size([3, 3])

    Raises:
        TypeError: Batches of different types.
    """
    tensors = [view for view in views if isinstance(view, Tensor)]
    if len(tensors) == len(views):
        return torch.cat(tensors)
    inputs = [view for view in views if isinstance(view, Inputs)]
    kind = type(views[0])
    if not joinable(views) or len(inputs) != len(views):
        names = ", ".join(type(view).__name__ for view in views)
        raise TypeError(f"`views` must be of the same type to be joined, got {names}")
    return inputs[0] if len(inputs) == 1 else kind.join(inputs)  # type: ignore[union-attr]
