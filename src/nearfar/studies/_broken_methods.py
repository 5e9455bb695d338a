"""Methods that are trained on marked views, so that they find a shortcut."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

from torch import nn

from nearfar.methods import BYOL, RunFacts, Serves, SimCLR, VICReg, byol, preset, simclr, vicreg
from nearfar.studies._marked_views import marked_image_views, marked_sequence_views
from nearfar.views import ViewRecipe

__all__ = ["marked_byol", "marked_simclr", "marked_vicreg"]

_MARKED = MappingProxyType(
    {
        "images": Serves(views=ViewRecipe(marked_image_views)),
        "sequences": Serves(views=ViewRecipe(marked_sequence_views)),
    }
)


@preset(serves=_MARKED)
def marked_simclr(encoder: nn.Module, width: int, **options: Any) -> SimCLR:
    """SimCLR on marked views."""
    return simclr(encoder, width, **options)


@preset(serves=_MARKED)
def marked_byol(
    encoder: nn.Module, width: int, *, facts: RunFacts | None = None, **options: Any
) -> BYOL:
    """BYOL on marked views, with a decay that follows the number of updates."""
    return byol(encoder, width, facts=facts, **options)


@preset(serves=_MARKED)
def marked_vicreg(encoder: nn.Module, width: int, **options: Any) -> VICReg:
    """VICReg on marked views."""
    return vicreg(encoder, width, **options)
