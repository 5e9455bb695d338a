"""One record per diagnostic; the contract tests are made from this list."""

from __future__ import annotations

import torch

from nearfar.diagnostics import (
    Alignment,
    CenterResidual,
    EffectiveRank,
    FeatureStd,
    Information,
    ModalityGap,
    RelativeAlignment,
    Retrieval,
    Uniformity,
    alignment,
    center_residual,
    effective_rank,
    feature_std,
    information,
    modality_gap,
    relative_alignment,
    retrieval,
    uniformity,
)
from nearfar.testing._diagnostic_contract import DiagnosticContract
from tests.references.alignment import alignment as alignment_by_hand
from tests.references.center_residual import center_residual as center_residual_by_hand
from tests.references.effective_rank import effective_rank as effective_rank_by_hand
from tests.references.feature_std import feature_std as feature_std_by_hand
from tests.references.information import information as information_by_hand
from tests.references.modality_gap import modality_gap as modality_gap_by_hand
from tests.references.relative_alignment import relative_alignment as relative_alignment_by_hand
from tests.references.retrieval import retrieval as retrieval_by_hand
from tests.references.uniformity import uniformity as uniformity_by_hand

ALL = frozenset({"lengths", "rotation", "scale"})


def opposite_points(dim: int) -> tuple[torch.Tensor, torch.Tensor]:
    point = torch.ones(8, dim, dtype=torch.float64)
    return point, -point


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
]
