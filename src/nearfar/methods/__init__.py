"""One file per published method; lower-case names are presets with the paper's sizes."""

from nearfar.methods.byol import BYOL, byol
from nearfar.methods.cpc import CPC, cpc
from nearfar.methods.deep_graph_infomax import DeepGraphInfomax, dgi
from nearfar.methods.method import Method, Projected, Step
from nearfar.methods.moco import MoCo, moco_v1, moco_v2
from nearfar.methods.multi_view import MultiView, multiview
from nearfar.methods.simclr import SimCLR, simclr
from nearfar.methods.vicreg import VICReg, vicreg

__all__ = [
    "BYOL",
    "CPC",
    "DeepGraphInfomax",
    "Method",
    "MoCo",
    "MultiView",
    "Projected",
    "SimCLR",
    "Step",
    "VICReg",
    "byol",
    "cpc",
    "dgi",
    "moco_v1",
    "moco_v2",
    "multiview",
    "simclr",
    "vicreg",
]
