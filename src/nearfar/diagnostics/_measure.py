"""All fast measurements of a batch, by name."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_finite_rows, check_matrix, check_same_shape
from nearfar.diagnostics._alignment_diagnostic import alignment
from nearfar.diagnostics._center_residual import center_residual
from nearfar.diagnostics._effective_rank import effective_rank
from nearfar.diagnostics._feature_std import feature_std
from nearfar.diagnostics._relative_alignment import RelativeAlignment
from nearfar.diagnostics._uniformity_diagnostic import uniformity

__all__ = ["measurements", "spread_rows"]

_PAIRS = 2_048
"""Rows used for measurements over all pairs."""

_ROWS = 25_600
"""Rows used for the spectrum: the number in the RankMe paper."""


def spread_rows(z: Tensor, *, most: int = _ROWS) -> Tensor:
    """At most `most` rows, evenly spaced, so that sorted data are represented too."""
    if z.shape[0] <= most:
        return z
    chosen = torch.linspace(0, z.shape[0] - 1, most, dtype=torch.float64).long()
    return z[chosen.to(z.device)]


def measurements(
    z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"] | None = None
) -> dict[str, float]:
    """The measurements taken during training, without gradient; milliseconds per batch.

    Args:
        z1: One view of each sample, 2 rows or more.
        z2: A second view of the same samples; without it, agreement is not measured.

    Returns:
        ``uniformity``, ``m_o``, ``m_r``, ``feature_std`` and ``effective_rank`` of the first view
        and, given a second view, ``alignment``, ``random_distance`` (the mean squared distance
        between views of different samples) and their ratio ``relative_alignment``.

    Raises:
        ValueError: Fewer than 2 rows, shapes that differ, or NaN and infinity (naming the row).

    Cost:
        Uniformity uses at most 2,048 rows and the rank at most 25,600, evenly spaced. 256 × 128
        takes a few milliseconds on one core.

    Example:
        >>> measured = measurements(torch.eye(4), torch.eye(4))
        >>> {name: round(value, 2) for name, value in measured.items()}
        {'uniformity': -4.0, 'm_o': 0.5, 'm_r': 0.87, 'feature_std': 0.43,
         'effective_rank': 4.0, 'alignment': 0.0, 'random_distance': 2.0,
         'relative_alignment': 0.0}
    """
    check_matrix(min_rows=2, z1=z1)
    check_finite_rows(z1=z1)
    z1 = z1.detach()
    m_o, m_r = center_residual(z1)
    measured = {
        "uniformity": float(uniformity(spread_rows(z1, most=_PAIRS))),
        "m_o": float(m_o),
        "m_r": float(m_r),
        "feature_std": float(feature_std(z1)),
        "effective_rank": float(effective_rank(spread_rows(z1))),
    }
    if z2 is not None:
        check_same_shape(z1=z1, z2=z2)
        check_finite_rows(z2=z2)
        measured["alignment"] = float(alignment(z1, z2.detach()))
        pairs = RelativeAlignment()
        pairs.update(z1, z2)
        measured["random_distance"] = float(pairs.distances()[1])
        measured["relative_alignment"] = float(pairs.compute())
    return measured
