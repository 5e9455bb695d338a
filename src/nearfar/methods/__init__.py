"""Published methods, one per file; lower-case names are presets with the paper's sizes."""

from nearfar.methods._alignment_uniformity import AlignmentUniformity, alignment_uniformity
from nearfar.methods._amdim import AMDIM, amdim
from nearfar.methods._autoencoder import Autoencoder, autoencoder
from nearfar.methods._barlow_twins import BarlowTwins, barlow_twins
from nearfar.methods._byol import BYOL, byol
from nearfar.methods._cpc import CPC, cpc
from nearfar.methods._cpc_v2 import CPCv2, cpc_v2
from nearfar.methods._curl import CURL, curl
from nearfar.methods._deep_graph_infomax import DeepGraphInfomax, deep_graph_infomax, dgi
from nearfar.methods._deep_infomax import DeepInfoMax, deep_infomax
from nearfar.methods._facts import RunFacts
from nearfar.methods._method import Method, Pace, Projected, Step
from nearfar.methods._moco import MoCo, moco_v1, moco_v2
from nearfar.methods._multi_view import MultiView, multiview
from nearfar.methods._preset import preset
from nearfar.methods._serves import ANY, Serves
from nearfar.methods._simclr import SimCLR, simclr
from nearfar.methods._simsiam import SimSiam, simsiam
from nearfar.methods._simsiam_anatomy import SimSiamAnatomy, simsiam_anatomy
from nearfar.methods._simsiam_expectation import SimSiamExpectation, simsiam_expectation
from nearfar.methods._simsiam_gradient import SimSiamGradient, simsiam_gradient
from nearfar.methods._swav import SwAV, swav
from nearfar.methods._vicreg import VICReg, vicreg

__all__ = [
    "AMDIM",
    "ANY",
    "BYOL",
    "CPC",
    "CURL",
    "AlignmentUniformity",
    "Autoencoder",
    "BarlowTwins",
    "CPCv2",
    "DeepGraphInfomax",
    "DeepInfoMax",
    "Method",
    "MoCo",
    "MultiView",
    "Pace",
    "Projected",
    "RunFacts",
    "Serves",
    "SimCLR",
    "SimSiam",
    "SimSiamAnatomy",
    "SimSiamExpectation",
    "SimSiamGradient",
    "Step",
    "SwAV",
    "VICReg",
    "alignment_uniformity",
    "amdim",
    "autoencoder",
    "barlow_twins",
    "byol",
    "cpc",
    "cpc_v2",
    "curl",
    "deep_graph_infomax",
    "deep_infomax",
    "dgi",
    "moco_v1",
    "moco_v2",
    "multiview",
    "preset",
    "simclr",
    "simsiam",
    "simsiam_anatomy",
    "simsiam_expectation",
    "simsiam_gradient",
    "swav",
    "vicreg",
]
