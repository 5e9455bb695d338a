"""Label-free measurements with reference values, and the verdict on a representation."""

from nearfar.diagnostics._alignment_diagnostic import Alignment, alignment
from nearfar.diagnostics._calibration import Calibration
from nearfar.diagnostics._calibration_fit import fit
from nearfar.diagnostics._center_residual import CenterResidual, center_residual
from nearfar.diagnostics._chance_loss import chance_loss
from nearfar.diagnostics._course import Trend, course, trend
from nearfar.diagnostics._diagnostic import Better, Diagnostic
from nearfar.diagnostics._dimension_correlation import (
    Correlations,
    DimensionCorrelation,
    dimension_correlation,
)
from nearfar.diagnostics._effective_rank import EffectiveRank, effective_rank
from nearfar.diagnostics._eigenvalue_decay import (
    ParticipationRatio,
    PowerLaw,
    PowerLawExponent,
    StableRank,
    participation_ratio,
    power_law_exponent,
    stable_rank,
)
from nearfar.diagnostics._extra import extra_findings
from nearfar.diagnostics._feature_std import FeatureStd, feature_std
from nearfar.diagnostics._geometry import geometry
from nearfar.diagnostics._health import health
from nearfar.diagnostics._health_stream import HealthStream
from nearfar.diagnostics._hubness import Hubness, Hubs, hubness, occurrences
from nearfar.diagnostics._information import Information, Informed, information
from nearfar.diagnostics._intrinsic_dimension import (
    Dimensions,
    IntrinsicDimension,
    intrinsic_dimension,
    local_dimensions,
)
from nearfar.diagnostics._lidar import Lidar, lidar
from nearfar.diagnostics._measure import measurements
from nearfar.diagnostics._modality_gap import ModalityGap, modality_gap
from nearfar.diagnostics._named_samples import named_samples
from nearfar.diagnostics._near_duplicates import (
    DuplicateGroup,
    NearDuplicates,
    near_duplicates,
)
from nearfar.diagnostics._outlier_scores import OutlierScores, outlier_scores
from nearfar.diagnostics._paired_diagnostics import PAIR_READINGS, pair_findings, pair_measurements
from nearfar.diagnostics._relative_alignment import RelativeAlignment, relative_alignment
from nearfar.diagnostics._repetition import (
    Repeated,
    Repetition,
    SamplesPerPoint,
    repetition,
    samples_per_point,
    shared_points,
)
from nearfar.diagnostics._representation_similarity import linear_cka, neighbor_overlap
from nearfar.diagnostics._reservoir import Reservoir
from nearfar.diagnostics._retrieval import Retrieval, Retrieved, retrieval
from nearfar.diagnostics._sample_readings import neighbors_kept
from nearfar.diagnostics._thresholds import Thresholds
from nearfar.diagnostics._uniformity_diagnostic import Uniformity, uniformity
from nearfar.diagnostics._view_retrieval import (
    ViewRetrieval,
    ViewsFound,
    view_ranks,
    view_retrieval,
)

__all__ = [
    "PAIR_READINGS",
    "Alignment",
    "Better",
    "Calibration",
    "CenterResidual",
    "Correlations",
    "Diagnostic",
    "DimensionCorrelation",
    "Dimensions",
    "DuplicateGroup",
    "EffectiveRank",
    "FeatureStd",
    "HealthStream",
    "Hubness",
    "Hubs",
    "Information",
    "Informed",
    "IntrinsicDimension",
    "Lidar",
    "ModalityGap",
    "NearDuplicates",
    "OutlierScores",
    "ParticipationRatio",
    "PowerLaw",
    "PowerLawExponent",
    "RelativeAlignment",
    "Repeated",
    "Repetition",
    "Reservoir",
    "Retrieval",
    "Retrieved",
    "SamplesPerPoint",
    "StableRank",
    "Thresholds",
    "Trend",
    "Uniformity",
    "ViewRetrieval",
    "ViewsFound",
    "alignment",
    "center_residual",
    "chance_loss",
    "course",
    "dimension_correlation",
    "effective_rank",
    "extra_findings",
    "feature_std",
    "fit",
    "geometry",
    "health",
    "hubness",
    "information",
    "intrinsic_dimension",
    "lidar",
    "linear_cka",
    "local_dimensions",
    "measurements",
    "modality_gap",
    "named_samples",
    "near_duplicates",
    "neighbor_overlap",
    "neighbors_kept",
    "occurrences",
    "outlier_scores",
    "pair_findings",
    "pair_measurements",
    "participation_ratio",
    "power_law_exponent",
    "relative_alignment",
    "repetition",
    "retrieval",
    "samples_per_point",
    "shared_points",
    "stable_rank",
    "trend",
    "uniformity",
    "view_ranks",
    "view_retrieval",
]
