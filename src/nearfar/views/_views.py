"""What training asks of anything that makes views."""

from __future__ import annotations

from typing import Any, Protocol, runtime_checkable

from jaxtyping import Int64
from torch import Tensor

from nearfar.inputs import View

__all__ = ["Views"]


@runtime_checkable
class Views(Protocol):
    """Inputs in, one batch per view out; a pure function of (seed, epoch, sample, view).

    Attributes:
        num_views: How many views of each sample.
        notes: What was left out for these samples, in words.
    """

    num_views: int

    @property
    def notes(self) -> tuple[str, ...]: ...

    def __call__(
        self, inputs: Any, samples: Int64[Tensor, " batch"], /, *, seed: int, epoch: int
    ) -> tuple[View, ...]:
        """The views, each with a row for each sample."""

    def plain(self, inputs: Any, /) -> View:
        """The one view for embedding, nothing random."""
