"""Which views a method asks for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from nearfar.views._views import Views

__all__ = ["ViewRecipe"]


@dataclass(frozen=True)
class ViewRecipe:
    """The views of one kind of data that a method is trained on.

    Args:
        make: Builds them. It takes what the kind knows of the data (``size`` and ``channels`` of
            images, ``length`` and ``sound`` of sequences) and the settings as keyword arguments;
            its return annotation names the class whose settings a user may change. ``None`` for the
            views that the kind makes by itself.
        settings: Keyword arguments that differ from the defaults of `make`, or of the kind's own
            views.

    Example:
        >>> from nearfar.views import simclr_views
        >>> ViewRecipe(simclr_views).make(size=32, channels=3).hue
        0.1
    """

    make: Callable[..., Views] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
