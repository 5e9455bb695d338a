"""The interface of views."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Int64
from torch import Tensor

from nearfar.inputs import View

__all__ = ["Views"]


@runtime_checkable
class Views(Protocol):
    """Maps inputs to one batch per view; a pure function of (seed, epoch, sample, view).

    Attributes:
        num_views: Number of views per sample.
        notes: Transforms that do not apply to these samples.
    """

    num_views: int

    @property
    def notes(self) -> tuple[str, ...]: ...

    def __call__(
        self, inputs: Any, samples: Int64[Tensor, " batch"], /, *, seed: int, epoch: int
    ) -> tuple[View, ...]:
        """The views, with one row per sample."""

    def plain(self, inputs: Any, /) -> View:
        """The deterministic view for embedding."""
