"""Whether the projections of a run have collapsed, and what its extra gradient does about it."""

from __future__ import annotations

import math

import torch

from nearfar import diagnostics, theory
from nearfar.ops import to_sphere
from nearfar.studies._embeddings_of_run import Embeddings

__all__ = ["TEMPERATURES", "collapse_values", "decentering_values", "decorrelation_values"]

TEMPERATURES = (0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.0)


def collapse_values(embeddings: Embeddings, *, samples: int = 1_000) -> dict[str, float]:
    """Spread, center, residuals, rank and covariance of projections of one augmented view.

    Args:
        embeddings: The embeddings of a run.
        samples: Number of test samples, the first ones.
    """
    (projections,) = embeddings.augmented(views=1, samples=samples)
    m_o, m_r = diagnostics.center_residual(projections)
    spread = diagnostics.feature_std(projections) * projections.shape[1] ** 0.5
    return {
        "spread": float(spread),
        "m_o": float(m_o),
        "m_r": float(m_r),
        "rank": float(diagnostics.effective_rank(projections)),
        "scale": float(projections.std(dim=0).mean()),
        "covariance": float(diagnostics.dimension_correlation(projections).covariance),
    }


def decentering_values(embeddings: Embeddings, *, samples: int = 1_000) -> dict[str, float]:
    """The center's coefficient in SimSiam's extra gradient, with the trained predictor.

    Args:
        embeddings: The embeddings of a run of SimSiam.
        samples: Number of test samples, the first ones.
    """
    assert embeddings.method is not None, "a run has a method"
    (projections,) = embeddings.augmented(views=1, samples=samples)
    predictor = embeddings.method.get_submodule("predictor")
    device = next((p.device for p in predictor.parameters()), torch.device("cpu"))
    predictions = to_sphere(predictor(projections.to(device)).float().cpu())
    units = to_sphere(projections)
    extra = theory.simsiam_extra_gradient(units, predictions)
    return {
        "crossing": theory.decentering_curve(extra, predictions).crossing,
        "of_projections": theory.decentering_curve(extra, units).crossing,
    }


def decorrelation_values(embeddings: Embeddings, *, samples: int = 1_000) -> dict[str, float]:
    """By temperature, how far the residual part of InfoNCE's extra gradient decorrelates.

    Args:
        embeddings: The embeddings of a run.
        samples: Number of test samples, the first ones.
    """
    first, second = embeddings.augmented(samples=samples)
    curve = theory.decorrelation_curve(first, second, temperatures=TEMPERATURES)
    peak = max(curve.residual)
    inside = [c for t, c in zip(TEMPERATURES, curve.residual, strict=True) if 0.1 <= t <= 0.5]
    return {
        "peak": peak,
        "peak_at": math.log10(TEMPERATURES[curve.residual.index(peak)]),
        "over_low": max(inside) - curve.residual[0],
        "over_high": max(inside) - curve.residual[-1],
        "of_center": max(map(abs, curve.center)),
    }
