"""Losses as pure functions, each with a class that remembers its hyper-parameters."""

from nearfar.objectives.alignment import AlignmentLoss, alignment_loss
from nearfar.objectives.byol import BYOLLoss, byol_loss
from nearfar.objectives.info_nce import InfoNCELoss, info_nce_loss
from nearfar.objectives.nt_xent import NTXentLoss, nt_xent_loss
from nearfar.objectives.objective import Objective
from nearfar.objectives.uniformity import UniformityLoss, uniformity_loss
from nearfar.objectives.vicreg import (
    VICRegLoss,
    covariance_term,
    invariance_term,
    variance_term,
    vicreg_loss,
)

__all__ = [
    "AlignmentLoss",
    "BYOLLoss",
    "InfoNCELoss",
    "NTXentLoss",
    "Objective",
    "UniformityLoss",
    "VICRegLoss",
    "alignment_loss",
    "byol_loss",
    "covariance_term",
    "info_nce_loss",
    "invariance_term",
    "nt_xent_loss",
    "uniformity_loss",
    "variance_term",
    "vicreg_loss",
]
