"""What training asks of anything that makes views."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from jaxtyping import Int64
from torch import Tensor

__all__ = ["Views"]


@runtime_checkable
class Views(Protocol):
    """Images in, one batch per view out; a pure function of (seed, epoch, sample, view).

    Attributes:
        size: Side of a view in pixels.
        channels: Channels of the images and of the views.
        num_views: How many views of each sample.
        notes: What was left out for these images, in words.
    """

    size: int
    channels: int
    num_views: int

    @property
    def notes(self) -> tuple[str, ...]: ...

    def __call__(
        self,
        images: Tensor,
        samples: Int64[Tensor, " batch"],
        *,
        seed: int,
        epoch: int,
        sizes: Int64[Tensor, "batch 2"] | None = None,
    ) -> tuple[Tensor, ...]:
        """The views, each batch × channels × size × size."""

    def plain(self, images: Tensor, sizes: Int64[Tensor, "batch 2"] | None = None) -> Tensor:
        """The one view for embedding, nothing random."""
