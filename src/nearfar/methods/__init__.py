"""One file per published method; lower-case names are presets with the paper's sizes."""

from nearfar.methods.byol import BYOL, byol
from nearfar.methods.method import Method, Projected, Step
from nearfar.methods.moco import MoCo, moco_v1, moco_v2
from nearfar.methods.simclr import SimCLR, simclr
from nearfar.methods.vicreg import VICReg, vicreg

__all__ = [
    "BYOL",
    "Method",
    "MoCo",
    "Projected",
    "SimCLR",
    "Step",
    "VICReg",
    "byol",
    "moco_v1",
    "moco_v2",
    "simclr",
    "vicreg",
]
