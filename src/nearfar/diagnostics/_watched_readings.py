"""Measurements of representations and retrieval, during training."""

from __future__ import annotations

import torch
from torch import Tensor

from nearfar.diagnostics._center_residual import center_residual
from nearfar.diagnostics._diagnostic import checked_rows
from nearfar.diagnostics._dimension_correlation import dimension_correlation
from nearfar.diagnostics._view_retrieval import view_ranks
from nearfar.ops import entropy_rank, singular_values, to_sphere

__all__ = ["spectrum_shares", "watched_readings"]

_COMPARED = 256  # dimensions, evenly spaced, whose covariance is measured


@torch.no_grad()
def watched_readings(z1: Tensor, z2: Tensor, h1: Tensor, h2: Tensor) -> dict[str, float]:
    """Retrieval by projections and representations, and the spread of both.

    Args:
        z1: Projections of the first view.
        z2: Projections of the second view.
        h1: Representations of the first view.
        h2: Representations of the second view.
    """
    units = to_sphere(checked_rows(h1))
    found = {
        "order": float(1 - view_ranks(z1, z2).mean()),
        "representation_rank": float(entropy_rank(singular_values(units))),
    }
    m_o, m_r = center_residual(h1)
    found |= {"representation_m_o": float(m_o), "representation_m_r": float(m_r)}
    if h1.shape == h2.shape:  # the sides of a pair may have different widths
        found["representation_order"] = float(1 - view_ranks(h1, h2).mean())
    if len(z1) > 1 and z1.shape[1] > 1:
        some = torch.linspace(0, z1.shape[1] - 1, min(_COMPARED, z1.shape[1])).long()
        redundancy = dimension_correlation(z1[:, some])
        found["dimension_correlation"] = float(redundancy.correlation)
        found["covariance"] = float(redundancy.covariance)
    return found


@torch.no_grad()
def spectrum_shares(z: Tensor) -> dict[str, float]:
    """Share of the variance of unit vectors along the directions of rank 1, 2, 4, ... and the last.

    Args:
        z: One row per sample; rows need not be normalised.

    Returns:
        The shares by rank, to four significant digits; empty without variance.

    Cost:
        The eigenvalues of a matrix as large as the number of samples, or of dimensions if smaller.

    Example:
        >>> spectrum_shares(torch.eye(6))
        {'1': 0.2, '2': 0.2, '4': 0.2, '5': 0.2}
    """
    units = to_sphere(checked_rows(z)).double()
    centered = units - units.mean(dim=0)
    wide = centered.shape[1] > centered.shape[0]
    products = centered @ centered.T if wide else centered.T @ centered
    values = torch.linalg.eigvalsh(products).flip(0).clamp_min(0)
    total, count = float(values.sum()), min(len(values), len(z) - 1)
    if count < 1 or not total > 0:
        return {}
    ranks = [2**power for power in range(count.bit_length())]
    ranks += [count] if ranks[-1] < count else []
    shares = (values / total).tolist()
    return {str(rank): float(f"{shares[rank - 1]:.4g}") for rank in ranks}
