"""Views: random changes of a batch of images that keep what they show."""

from nearfar.views.beside import Beside
from nearfar.views.customviews import CustomViews
from nearfar.views.graphviews import GraphViews
from nearfar.views.images import plain_view
from nearfar.views.imageviews import ImageViews
from nearfar.views.pairviews import PairViews, PlainViews
from nearfar.views.parameters import ViewParameters
from nearfar.views.patchviews import PatchViews, cut_patches
from nearfar.views.presets import (
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
from nearfar.views.sequencepresets import sequence_views
from nearfar.views.sequenceviews import SequenceViews
from nearfar.views.textviews import TextViews
from nearfar.views.tokenizer import Tokenizer
from nearfar.views.vectorviews import VectorViews
from nearfar.views.views import Views

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
