"""A method's declarations for each modality that it supports."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from nearfar.views import ViewRecipe

__all__ = ["ANY", "Served", "Serves"]

ANY = "*"
"""In :attr:`nearfar.methods.Method.serves`: every modality with a default pair of views."""


@dataclass(frozen=True, kw_only=True)
class Serves:
    """How a method is trained on one modality, where it differs from the modality's defaults.

    Args:
        views: Views that the method is trained on.
        encoder: Options of the modality's encoder, such as ``{"norm": "layer"}`` for images.
        training: Options of the training loop, such as ``{"weight_decay": 0.0}``. ``batch_size`` is
            the maximum, which is reduced for small datasets; ``updates`` is the approximate number
            of updates.
    """

    views: ViewRecipe = field(default_factory=ViewRecipe)
    encoder: Mapping[str, Any] = field(default_factory=dict)
    training: Mapping[str, Any] = field(default_factory=dict)


Served: TypeAlias = Mapping[str, Serves]
"""Declarations by the name of the modality, or :data:`ANY`."""
