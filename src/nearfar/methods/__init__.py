"""One file per published method; lower-case names are presets with the paper's sizes."""

from nearfar.methods.alignment_uniformity import AlignmentUniformity, alignment_uniformity
from nearfar.methods.barlow_twins import BarlowTwins, barlow_twins
from nearfar.methods.byol import BYOL, byol
from nearfar.methods.cpc import CPC, cpc
from nearfar.methods.deep_graph_infomax import DeepGraphInfomax, dgi
from nearfar.methods.method import Method, Pace, Projected, Step
from nearfar.methods.moco import MoCo, moco_v1, moco_v2
from nearfar.methods.multi_view import MultiView, multiview
from nearfar.methods.simclr import SimCLR, simclr
from nearfar.methods.vicreg import VICReg, vicreg

__all__ = [
    "BYOL",
    "CPC",
    "AlignmentUniformity",
    "BarlowTwins",
    "DeepGraphInfomax",
    "Method",
    "MoCo",
    "MultiView",
    "Pace",
    "Projected",
    "SimCLR",
    "Step",
    "VICReg",
    "alignment_uniformity",
    "barlow_twins",
    "byol",
    "cpc",
    "dgi",
    "moco_v1",
    "moco_v2",
    "multiview",
    "simclr",
    "vicreg",
]
