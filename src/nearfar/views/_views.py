"""The interface of views, and a method's declaration of its views."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from jaxtyping import Int64
from torch import Tensor

from nearfar.inputs import View
from nearfar.records import Remedy

__all__ = ["GridViews", "HasRemedies", "HasSettings", "ViewRecipe", "Views"]


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


@runtime_checkable
class GridViews(Protocol):
    """Views of which each is a square grid of patches, such as :class:`PatchViews`."""

    @property
    def rows(self) -> int:
        """Number of rows (and columns) of the grid."""

    @property
    def shared_rows(self) -> int:
        """Number of rows below a row that overlap with it."""


@runtime_checkable
class HasSettings(Protocol):
    """Views that list their settings."""

    def settings(self) -> dict[str, Any]:
        """The keyword arguments, by name."""


@runtime_checkable
class HasRemedies(Protocol):
    """Views that declare changes of their settings against a bad verdict."""

    def remedies(self) -> tuple[Remedy, ...]:
        """The changes, most promising first."""


@dataclass(frozen=True)
class ViewRecipe:
    """The views of one modality that a method is trained on.

    Args:
        make: Function that constructs the views. Its keyword arguments are the modality's
            properties of the data (``size`` and ``channels`` of images, ``length`` and ``sound`` of
            sequences) and the settings; its return annotation is the class whose settings a user
            can change. ``None`` selects the modality's default views.
        settings: Keyword arguments that differ from the defaults of `make`, or of the modality's
            default views.

    Example:
        >>> from nearfar.views import simclr_views
        >>> ViewRecipe(simclr_views).make(size=32, channels=3).hue
        0.1
    """

    make: Callable[..., Views] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
