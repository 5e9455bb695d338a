"""What every diagnostic class is: a measurement over a stream, with its direction and anchors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum
from typing import ClassVar, Self

from torch import Tensor

__all__ = ["Better", "Diagnostic"]


class Better(Enum):
    """Which way a measurement improves."""

    LOWER = "lower"
    HIGHER = "higher"


class Diagnostic(ABC):
    """A label-free measurement over a stream of embeddings.

    :meth:`merge` is associative and commutative, so chunks and processes may be combined in any
    order; the result equals the diagnostic's function on all rows at once.

    Attributes:
        better: Which way it improves.
        anchors: What it reads in known worlds, given the dimension. ``complete collapse`` is one
            point, ``isotropic`` the uniform sphere with many samples, ``unrelated views`` two
            independent uniform spheres.
    """

    better: ClassVar[Better]
    anchors: ClassVar[Mapping[str, Callable[[int], float]]]

    @abstractmethod
    def update(self, *embeddings: Tensor) -> None:
        """Take in some more rows; for pairs, both views of them."""

    @abstractmethod
    def compute(self) -> Tensor | tuple[Tensor, ...]:
        """The measurement over all rows so far."""

    @abstractmethod
    def merge(self, other: Self) -> Self:
        """A new diagnostic that has seen the rows of both; neither is changed."""

    @abstractmethod
    def reset(self) -> None:
        """Forget all rows."""
