"""One record per diagnostic; the contract tests are made from this list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from nearfar import diagnostics
from nearfar.diagnostics import (
    Alignment,
    CenterResidual,
    Diagnostic,
    EffectiveRank,
    FeatureStd,
    Information,
    ModalityGap,
    RelativeAlignment,
    Retrieval,
    Uniformity,
)
from tests.references.alignment import alignment
from tests.references.center_residual import center_residual
from tests.references.effective_rank import effective_rank
from tests.references.feature_std import feature_std
from tests.references.information import information
from tests.references.modality_gap import modality_gap
from tests.references.relative_alignment import relative_alignment
from tests.references.retrieval import retrieval
from tests.references.uniformity import uniformity

Tensors = tuple[Tensor, ...]


@dataclass(frozen=True)
class DiagnosticCase:
    """What the contract tests must know of a diagnostic.

    Attributes:
        name: The function's, in ``nearfar.diagnostics``.
        make: Its streaming class.
        reference: The slow function over NumPy arrays.
        views: Matrices it reads.
        rotation: Whether a rotation of the space leaves the reading.
        lengths: Whether the rows' lengths leave the reading.
        tolerance: Of stream against function, relative.
    """

    name: str
    make: Callable[[], Diagnostic]
    reference: Callable[..., Any]
    views: int = 1
    rotation: bool = True
    lengths: bool = True
    tolerance: float = 1e-9

    def __call__(self, *embeddings: Tensor) -> np.ndarray:
        return reading(getattr(diagnostics, self.name)(*embeddings))

    def __str__(self) -> str:
        return self.name


def reading(value: Any) -> np.ndarray:
    """One number or two, as an array."""
    return np.asarray([float(v) for v in (value if isinstance(value, tuple) else (value,))])


DIAGNOSTIC_CASES = [
    DiagnosticCase("alignment", Alignment, alignment, views=2),
    DiagnosticCase("relative_alignment", RelativeAlignment, relative_alignment, views=2),
    DiagnosticCase("modality_gap", ModalityGap, modality_gap, views=2),
    DiagnosticCase("retrieval", Retrieval, retrieval, views=2, tolerance=1e-6),
    DiagnosticCase("information", Information, information, views=2, tolerance=1e-5),
    DiagnosticCase("uniformity", Uniformity, uniformity, tolerance=1e-6),
    DiagnosticCase("center_residual", CenterResidual, center_residual, tolerance=1e-6),
    DiagnosticCase("feature_std", FeatureStd, feature_std, rotation=False),
    DiagnosticCase("effective_rank", EffectiveRank, effective_rank, lengths=False, tolerance=1e-5),
]


def worlds(dim: int, *, samples: int = 8192, seed: int = 0) -> dict[str, Tensors]:
    """Two views each of worlds whose anchors are known."""
    source = torch.Generator().manual_seed(seed)
    point = torch.randn(dim, generator=source, dtype=torch.float64).expand(64, dim)
    one, other = torch.randn(2, samples, dim, generator=source, dtype=torch.float64)
    return {
        "complete collapse": (point, point),
        "isotropic": (one, one),
        "unrelated views": (one, other),
    }
