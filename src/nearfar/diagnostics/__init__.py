"""Measurements that need no label, each with its anchors, and the verdict in words."""

from nearfar.diagnostics.alignment import Alignment, alignment
from nearfar.diagnostics.center_residual import CenterResidual, center_residual
from nearfar.diagnostics.chance_loss import chance_loss
from nearfar.diagnostics.diagnostic import Better, Diagnostic
from nearfar.diagnostics.effective_rank import EffectiveRank, effective_rank
from nearfar.diagnostics.feature_std import FeatureStd, feature_std
from nearfar.diagnostics.geometry import geometry
from nearfar.diagnostics.health import health
from nearfar.diagnostics.information import Information, Informed, information
from nearfar.diagnostics.measure import measurements
from nearfar.diagnostics.modality_gap import ModalityGap, modality_gap
from nearfar.diagnostics.pair_findings import pair_findings
from nearfar.diagnostics.pairs import PAIR_READINGS, pair_measurements
from nearfar.diagnostics.relative_alignment import RelativeAlignment, relative_alignment
from nearfar.diagnostics.reservoir import Reservoir
from nearfar.diagnostics.retrieval import Retrieval, Retrieved, retrieval
from nearfar.diagnostics.uniformity import Uniformity, uniformity

__all__ = [
    "PAIR_READINGS",
    "Alignment",
    "Better",
    "CenterResidual",
    "Diagnostic",
    "EffectiveRank",
    "FeatureStd",
    "Information",
    "Informed",
    "ModalityGap",
    "RelativeAlignment",
    "Reservoir",
    "Retrieval",
    "Retrieved",
    "Uniformity",
    "alignment",
    "center_residual",
    "chance_loss",
    "effective_rank",
    "feature_std",
    "geometry",
    "health",
    "information",
    "measurements",
    "modality_gap",
    "pair_findings",
    "pair_measurements",
    "relative_alignment",
    "retrieval",
    "uniformity",
]
