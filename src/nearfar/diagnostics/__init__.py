"""Label-free measurements with reference values, and the verdict on a representation."""

from nearfar.diagnostics._alignment_diagnostic import Alignment, alignment
from nearfar.diagnostics._center_residual import CenterResidual, center_residual
from nearfar.diagnostics._chance_loss import chance_loss
from nearfar.diagnostics._diagnostic import Better, Diagnostic
from nearfar.diagnostics._effective_rank import EffectiveRank, effective_rank
from nearfar.diagnostics._extra import extra_findings
from nearfar.diagnostics._feature_std import FeatureStd, feature_std
from nearfar.diagnostics._geometry import geometry
from nearfar.diagnostics._health import health
from nearfar.diagnostics._information import Information, Informed, information
from nearfar.diagnostics._measure import measurements
from nearfar.diagnostics._modality_gap import ModalityGap, modality_gap
from nearfar.diagnostics._near_duplicates import (
    DuplicateGroup,
    NearDuplicates,
    near_duplicates,
)
from nearfar.diagnostics._outlier_scores import OutlierScores, outlier_scores
from nearfar.diagnostics._paired_diagnostics import PAIR_READINGS, pair_findings, pair_measurements
from nearfar.diagnostics._relative_alignment import RelativeAlignment, relative_alignment
from nearfar.diagnostics._reservoir import Reservoir
from nearfar.diagnostics._retrieval import Retrieval, Retrieved, retrieval
from nearfar.diagnostics._uniformity_diagnostic import Uniformity, uniformity

__all__ = [
    "PAIR_READINGS",
    "Alignment",
    "Better",
    "CenterResidual",
    "Diagnostic",
    "DuplicateGroup",
    "EffectiveRank",
    "FeatureStd",
    "Information",
    "Informed",
    "ModalityGap",
    "NearDuplicates",
    "OutlierScores",
    "RelativeAlignment",
    "Reservoir",
    "Retrieval",
    "Retrieved",
    "Uniformity",
    "alignment",
    "center_residual",
    "chance_loss",
    "effective_rank",
    "extra_findings",
    "feature_std",
    "geometry",
    "health",
    "information",
    "measurements",
    "modality_gap",
    "near_duplicates",
    "outlier_scores",
    "pair_findings",
    "pair_measurements",
    "relative_alignment",
    "retrieval",
    "uniformity",
]
