"""Base class of streaming diagnostics, and the validation of their inputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import Enum
from typing import ClassVar, Self

from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix, check_same_shape

__all__ = ["Better", "Diagnostic", "checked_pair", "checked_rows"]


class Better(Enum):
    """Direction in which a measurement improves."""

    LOWER = "lower"
    HIGHER = "higher"


class Diagnostic(ABC):
    """A label-free measurement over a stream of embeddings.

    :meth:`merge` is associative and commutative, so chunks and processes may be combined in any
    order; the result equals the diagnostic's function on all rows at once.

    Attributes:
        better: Direction in which it improves.
        anchors: Reference values by dimension: ``complete collapse`` is a single point,
            ``isotropic`` many uniform samples on the sphere, ``unrelated views`` two independent
            such samples.
    """

    better: ClassVar[Better]
    anchors: ClassVar[Mapping[str, Callable[[int], float]]]

    @abstractmethod
    def update(self, *embeddings: Tensor) -> None:
        """Add rows; for diagnostics of pairs, both views."""

    @abstractmethod
    def compute(self) -> Tensor | tuple[Tensor, ...]:
        """The measurement over all rows so far."""

    @abstractmethod
    def merge(self, other: Self) -> Self:
        """A new diagnostic over the rows of both, leaving both unchanged."""

    @abstractmethod
    def reset(self) -> None:
        """Discard all rows."""


def _exact(z: Tensor) -> Tensor:
    z = z.detach()
    return (z.cpu() if z.device.type == "mps" else z).double()  # MPS has no float64


def checked_rows(z: Tensor, *, min_rows: int = 1) -> Tensor:
    """`z` detached and in float64, after checking that it is a matrix of finite numbers."""
    check_matrix(min_rows=min_rows, z=z)
    check_finite_rows(z=z)
    return _exact(z)


def checked_pair(z1: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
    """:func:`checked_rows` for two views of the same samples."""
    check_matrix(z1=z1, z2=z2)
    check_same_shape(z1=z1, z2=z2)
    check_finite_rows(z1=z1, z2=z2)
    return _exact(z1), _exact(z2)
