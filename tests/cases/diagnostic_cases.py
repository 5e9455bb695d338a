"""One record per diagnostic; the contract tests are made from this list."""

from __future__ import annotations

import torch

from nearfar.diagnostics import (
    Alignment,
    CenterResidual,
    DimensionCorrelation,
    EffectiveRank,
    FeatureStd,
    Hubness,
    Information,
    IntrinsicDimension,
    Lidar,
    ModalityGap,
    ParticipationRatio,
    PowerLawExponent,
    RelativeAlignment,
    Repetition,
    Retrieval,
    StableRank,
    Uniformity,
    ViewRetrieval,
    alignment,
    center_residual,
    dimension_correlation,
    effective_rank,
    feature_std,
    hubness,
    information,
    intrinsic_dimension,
    lidar,
    modality_gap,
    participation_ratio,
    power_law_exponent,
    relative_alignment,
    repetition,
    retrieval,
    stable_rank,
    uniformity,
    view_retrieval,
)
from nearfar.testing._diagnostic_contract import DiagnosticContract
from tests.references.alignment import alignment as alignment_by_hand
from tests.references.center_residual import center_residual as center_residual_by_hand
from tests.references.dimension_correlation import (
    dimension_correlation as dimension_correlation_by_hand,
)
from tests.references.effective_rank import effective_rank as effective_rank_by_hand
from tests.references.eigenvalue_decay import participation_ratio as participation_ratio_by_hand
from tests.references.eigenvalue_decay import power_law_exponent as power_law_exponent_by_hand
from tests.references.eigenvalue_decay import stable_rank as stable_rank_by_hand
from tests.references.feature_std import feature_std as feature_std_by_hand
from tests.references.hubness import hubness as hubness_by_hand
from tests.references.information import information as information_by_hand
from tests.references.intrinsic_dimension import intrinsic_dimension as intrinsic_dimension_by_hand
from tests.references.lidar import lidar as lidar_by_hand
from tests.references.modality_gap import modality_gap as modality_gap_by_hand
from tests.references.relative_alignment import relative_alignment as relative_alignment_by_hand
from tests.references.repetition import repetition as repetition_by_hand
from tests.references.retrieval import retrieval as retrieval_by_hand
from tests.references.uniformity import uniformity as uniformity_by_hand
from tests.references.view_retrieval import view_retrieval as view_retrieval_by_hand

ALL = frozenset({"lengths", "rotation", "scale"})
FEW = ("value_equals_reference",)  # of 5 rows, which are too few; see test_structure


def opposite_points(dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    point = torch.ones(8, dim, dtype=torch.float64)
    return point, -point


def falling_rows(dim: int) -> tuple[torch.Tensor]:
    return (torch.eye(dim, dtype=torch.float64) * torch.arange(1, dim + 1),)


DIAGNOSTIC_CASES = [
    DiagnosticContract(
        Alignment,
        function=alignment,
        reference=alignment_by_hand,
        views=2,
        unmoved_by=ALL,
    ),
    DiagnosticContract(
        RelativeAlignment,
        function=relative_alignment,
        reference=relative_alignment_by_hand,
        views=2,
        unmoved_by=ALL,
    ),
    DiagnosticContract(
        ModalityGap,
        function=modality_gap,
        reference=modality_gap_by_hand,
        views=2,
        inputs={"opposite points": opposite_points},
        unmoved_by=ALL,
    ),
    DiagnosticContract(
        Retrieval,
        function=retrieval,
        reference=retrieval_by_hand,
        views=2,
        unmoved_by=ALL,
        anchor_samples=2048,
        tolerance=1e-6,
    ),
    DiagnosticContract(
        Information,
        function=information,
        reference=information_by_hand,
        views=2,
        unmoved_by=ALL,
        anchor_samples=2048,
        tolerance=1e-5,
    ),
    DiagnosticContract(
        Uniformity,
        function=uniformity,
        reference=uniformity_by_hand,
        unmoved_by=ALL,
        tolerance=1e-6,
    ),
    DiagnosticContract(
        CenterResidual,
        function=center_residual,
        reference=center_residual_by_hand,
        unmoved_by=ALL,
        tolerance=1e-6,
    ),
    DiagnosticContract(
        FeatureStd,
        function=feature_std,
        reference=feature_std_by_hand,
        unmoved_by=ALL - {"rotation"},
    ),
    DiagnosticContract(
        EffectiveRank,
        function=effective_rank,
        reference=effective_rank_by_hand,
        unmoved_by=ALL - {"lengths"},
        tolerance=1e-5,
    ),
    DiagnosticContract(
        IntrinsicDimension,
        function=intrinsic_dimension,
        reference=intrinsic_dimension_by_hand,
        unmoved_by=ALL,
        tolerance=1e-4,
        skip=FEW,
    ),
    DiagnosticContract(
        Hubness,
        function=hubness,
        reference=hubness_by_hand,
        unmoved_by=ALL,
        tolerance=1e-6,
        skip=FEW,
    ),
    DiagnosticContract(
        Repetition,
        function=repetition,
        reference=repetition_by_hand,
        views=2,
        unmoved_by=ALL,
        tolerance=1e-6,
    ),
    DiagnosticContract(
        ViewRetrieval,
        function=view_retrieval,
        reference=view_retrieval_by_hand,
        views=2,
        unmoved_by=ALL,
        tolerance=1e-6,
        anchor_samples=2048,
    ),
    DiagnosticContract(
        PowerLawExponent,
        function=power_law_exponent,
        reference=power_law_exponent_by_hand,
        skip=FEW,
        unmoved_by=ALL - {"lengths"},
        inputs={"complete collapse": falling_rows},
        tolerance=1e-6,
    ),
    DiagnosticContract(
        ParticipationRatio,
        function=participation_ratio,
        reference=participation_ratio_by_hand,
        unmoved_by=ALL - {"lengths"},
        tolerance=1e-6,
    ),
    DiagnosticContract(
        StableRank,
        function=stable_rank,
        reference=stable_rank_by_hand,
        unmoved_by=ALL - {"lengths"},
        tolerance=1e-6,
    ),
    DiagnosticContract(
        DimensionCorrelation,
        function=dimension_correlation,
        reference=dimension_correlation_by_hand,
        unmoved_by=ALL - {"rotation"},
        tolerance=1e-6,
    ),
    DiagnosticContract(
        Lidar,
        function=lidar,
        reference=lidar_by_hand,
        views=2,
        unmoved_by={"rotation"},
        tolerance=1e-6,
        skip=FEW,
    ),
]
