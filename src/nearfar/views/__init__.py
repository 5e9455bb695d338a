"""Views: random label-preserving augmentations of a batch."""

from typing import Any

from nearfar.views._customviews import CustomViews
from nearfar.views._graphviews import GraphViews
from nearfar.views._image_checks import plain_view
from nearfar.views._imageviews import ImageViews
from nearfar.views._pairviews import PairViews, PlainViews
from nearfar.views._parameters import ViewParameters
from nearfar.views._patchviews import PatchViews, cut_patches
from nearfar.views._presets import (
    amdim_views,
    autoencoder_views,
    byol_views,
    cpc_v2_views,
    curl_views,
    deep_infomax_views,
    digits_views,
    drawing_views,
    moco_v1_views,
    moco_v2_views,
    simclr_views,
    swav_views,
    vicreg_views,
)
from nearfar.views._sequencepresets import sequence_views, window_view
from nearfar.views._sequenceviews import SequenceViews
from nearfar.views._textviews import TextViews
from nearfar.views._tokenizer import Tokenizer
from nearfar.views._vectorviews import VectorViews
from nearfar.views._view_loader import ViewLoader, loader
from nearfar.views._views import GridViews, ViewRecipe, Views
from nearfar.views._with_index import WithIndex

__all__ = [
    "CustomViews",
    "GraphViews",
    "GridViews",
    "ImageViews",
    "PairViews",
    "PatchViews",
    "PlainViews",
    "SequenceViews",
    "TextViews",
    "Tokenizer",
    "VectorViews",
    "ViewLoader",
    "ViewParameters",
    "ViewRecipe",
    "Views",
    "WithIndex",
    "amdim_views",
    "autoencoder_views",
    "byol_views",
    "cpc_v2_views",
    "curl_views",
    "cut_patches",
    "deep_infomax_views",
    "digits_views",
    "drawing_views",
    "loader",
    "moco_v1_views",
    "moco_v2_views",
    "plain_view",
    "sequence_views",
    "simclr_views",
    "swav_views",
    "vicreg_views",
    "window_view",
]


def __getattr__(name: str) -> Any:  # names of 0.1, for one release
    if name.startswith("_"):  # also while a module of this package is being imported
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from nearfar.views._deprecated import find

    return find(name)
