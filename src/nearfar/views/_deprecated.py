"""Names from version 0.1; each warns once and gives its replacement."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from nearfar.checks import check_choice
from nearfar.views import _presets as presets
from nearfar.views._views import Views
from nearfar.views._with_index import WithIndex

__all__ = ["find"]

_VIEW_PRESETS: dict[str, Callable[..., Views]] = {
    "amdim": presets.amdim_views,
    "autoencoder": presets.autoencoder_views,
    "barlow-twins": presets.vicreg_views,
    "byol": presets.byol_views,
    "cpc-v2": presets.cpc_v2_views,
    "curl": presets.curl_views,
    "deep-infomax": presets.deep_infomax_views,
    "digits": presets.digits_views,
    "moco-v1": presets.moco_v1_views,
    "moco-v2": presets.moco_v2_views,
    "multiview": presets.simclr_views,
    "simclr": presets.simclr_views,
    "simsiam": presets.moco_v2_views,
    "simsiam-anatomy": presets.moco_v2_views,
    "simsiam-expectation": presets.moco_v2_views,
    "simsiam-gradient": presets.moco_v2_views,
    "swav": presets.swav_views,
    "vicreg": presets.vicreg_views,
}


def find(name: str) -> Any:
    """Look up a name from version 0.1.

    Raises:
        AttributeError: Version 0.1 had no such name either.
    """
    old = {"Beside": WithIndex, "VIEW_PRESETS": _VIEW_PRESETS, "image_views": _image_views}
    if name not in old:
        raise AttributeError(f"module 'nearfar.views' has no attribute {name!r}")
    new = {
        "Beside": "nearfar.views.WithIndex",
        "VIEW_PRESETS": "the `serves` of each class in nearfar.methods",
        "image_views": "the function of these views, such as nearfar.views.simclr_views",
    }
    warnings.warn(
        f"nearfar.views.{name} is deprecated: use {new[name]}", DeprecationWarning, stacklevel=3
    )
    return old[name]


def _image_views(preset: str, *, size: int, channels: int, **overrides: Any) -> Views:
    """Image views by the hyphenated name of a method."""
    check_choice(_VIEW_PRESETS, preset=preset)
    return _VIEW_PRESETS[preset](size=size, channels=channels, **overrides)
