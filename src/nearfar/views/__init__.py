"""Views: random changes of a batch of images that keep what they show."""

from nearfar.views._beside import Beside
from nearfar.views._customviews import CustomViews
from nearfar.views._graphviews import GraphViews
from nearfar.views._images import plain_view
from nearfar.views._imageviews import ImageViews
from nearfar.views._pairviews import PairViews, PlainViews
from nearfar.views._parameters import ViewParameters
from nearfar.views._patchviews import PatchViews, cut_patches
from nearfar.views._presets import (
    VIEW_PRESETS,
    amdim_views,
    byol_views,
    cpc_v2_views,
    curl_views,
    deep_infomax_views,
    digits_views,
    drawing_views,
    image_views,
    moco_v1_views,
    moco_v2_views,
    simclr_views,
    swav_views,
    vicreg_views,
)
from nearfar.views._sequencepresets import sequence_views
from nearfar.views._sequenceviews import SequenceViews
from nearfar.views._textviews import TextViews
from nearfar.views._tokenizer import Tokenizer
from nearfar.views._vectorviews import VectorViews
from nearfar.views._views import Views

__all__ = [
    "VIEW_PRESETS",
    "Beside",
    "CustomViews",
    "GraphViews",
    "ImageViews",
    "PairViews",
    "PatchViews",
    "PlainViews",
    "SequenceViews",
    "TextViews",
    "Tokenizer",
    "VectorViews",
    "ViewParameters",
    "Views",
    "amdim_views",
    "byol_views",
    "cpc_v2_views",
    "curl_views",
    "cut_patches",
    "deep_infomax_views",
    "digits_views",
    "drawing_views",
    "image_views",
    "moco_v1_views",
    "moco_v2_views",
    "plain_view",
    "sequence_views",
    "simclr_views",
    "swav_views",
    "vicreg_views",
]
