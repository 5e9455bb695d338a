"""Whether the projections of a run have collapsed, and how much their dimensions covary."""

from __future__ import annotations

from nearfar import diagnostics
from nearfar.studies._embeddings_of_run import Embeddings

__all__ = ["collapse_values"]


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
        "covariance": float(diagnostics.dimension_correlation(projections).covariance),
    }
