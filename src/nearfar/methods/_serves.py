"""What a method declares about each kind of data that it is for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from nearfar.views import ViewRecipe

__all__ = ["ANY", "Served", "Serves"]

ANY = "*"
"""In :attr:`nearfar.methods.Method.serves`: every kind that can make two views by itself."""


@dataclass(frozen=True, kw_only=True)
class Serves:
    """How a method is trained on one kind of data, where that differs from the kind's defaults.

    Args:
        views: The views that it is trained on.
        encoder: Options of the kind's encoder, such as ``{"norm": "layer"}`` of images.
        training: Options of the training loop, such as ``{"weight_decay": 0.0}``. The batch size
            is the largest: fewer samples make smaller batches. ``updates`` asks for about as many.
    """

    views: ViewRecipe = field(default_factory=ViewRecipe)
    encoder: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


Served: TypeAlias = Mapping[str, Serves]
"""What is declared, by the name of the kind of data, or :data:`ANY`."""
