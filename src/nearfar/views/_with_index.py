"""Views followed by one integer per sample."""

from __future__ import annotations

from typing import Any, final

from jaxtyping import Int64
from torch import Tensor

from nearfar.inputs import View
from nearfar.views._views import Views

__all__ = ["WithIndex"]


@final
class WithIndex:
    """The views of `views`, followed by one integer per sample: its index in the dataset.

    For methods with per-sample state, such as a memory bank. `values` can be any other integers,
    such as classes for a supervised baseline.

    Args:
        views: The views.
        values: One integer per sample of the dataset; by default the sample's index.

    Example:
        >>> import torch
        >>> from nearfar.views import ImageViews
        >>> views = WithIndex(ImageViews(size=8, channels=1), torch.tensor([5, 6, 7]))
        >>> images = torch.zeros(2, 1, 8, 8, dtype=torch.uint8)
        >>> *shown, numbers = views(images, torch.tensor([2, 0]), seed=0, epoch=0)
        >>> len(shown), numbers.tolist()
        (2, [7, 5])
    """

    def __init__(self, views: Views, values: Int64[Tensor, " samples"] | None = None) -> None:
        self.views = views
        self.values = values
        self.num_views = views.num_views + 1

    @property
    def notes(self) -> tuple[str, ...]:
        """Transforms that do not apply to these samples."""
        return self.views.notes

    def __call__(
        self, inputs: Any, samples: Int64[Tensor, " batch"], /, *, seed: int, epoch: int
    ) -> tuple[View, ...]:
        """The views and the integers of these samples."""
        shown = self.views(inputs, samples, seed=seed, epoch=epoch)
        if self.values is None:
            return *shown, samples
        return *shown, self.values.to(samples.device)[samples]

    def plain(self, inputs: Any, /) -> View:
        """The deterministic view for embedding."""
        return self.views.plain(inputs)
