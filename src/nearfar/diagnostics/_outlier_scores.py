"""Outliers: samples that are far from their nearest neighbours."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Float, Int64
from torch import Tensor

from nearfar.checks import check_integer, check_matrix
from nearfar.ops import nearest_neighbors

__all__ = ["OutlierScores", "outlier_scores"]

_NORMAL = 1.4826  # standard deviations per median absolute deviation of a normal distribution
_SHORTEST = 1e-12


class OutlierScores(NamedTuple):
    """The result of :func:`outlier_scores`, one entry per row.

    Attributes:
        distances: Mean cosine distance to the nearest neighbours; NaN for a row of zeros.
        deviations: Robust standard deviations of its logarithm above the median.
        neighbors: Rows of the nearest neighbours, the nearest first.
    """

    distances: Float[Tensor, " samples"]
    deviations: Float[Tensor, " samples"]
    neighbors: Int64[Tensor, "samples k"]


@torch.no_grad()
def outlier_scores(z: Float[Tensor, "samples dim"], *, k: int = 10) -> OutlierScores:
    r"""Mean distance of each row to its nearest neighbours, and how unusual it is.

    .. math:: d_i = \frac1k \sum_{j \in N_k(i)} \big(1 - \cos(z_i, z_j)\big), \qquad
              u_i = \frac{\ln d_i - \operatorname{med}(\ln d)}
                         {1.4826 \operatorname{med} |\ln d - \operatorname{med}(\ln d)|}

    Args:
        z: One row per sample; rows need not be normalised.
        k: Number of neighbours, fewer than rows. A small cluster of outliers is found only if it
            has fewer than `k` members.

    Returns:
        Distances, deviations and neighbours. Rows of zeros have no direction: their values are NaN,
        and other rows are measured without them.

    Raises:
        ValueError: Fewer than 2 rows with a direction, NaN or infinity, or a `k` that is too large.

    Range:
        Distances from 0 to 2. Deviations are centred at 0, and about normal if no row is unusual;
        0 if most distances are equal.

    Reading:
        Above 3.5 deviations a row is unusual (Iglewicz & Hoaglin 1993). It may be a damaged or
        foreign sample, or a rare one that is worth keeping.

    Reference:
        Angiulli & Pizzuti 2002: Fast outlier detection in high dimensional spaces.

    Example:
        >>> angles = torch.cat([torch.arange(20) * 0.01, torch.tensor([2.0])])
        >>> scores = outlier_scores(torch.stack([angles.cos(), angles.sin()], dim=1), k=3)
        >>> int(scores.distances.argmax()), bool(scores.deviations[-1] > 3.5)
        (20, True)
    """
    check_matrix(min_rows=2, z=z)
    check_integer(at_least=1, k=k)
    known = (z != 0).any(dim=1).nonzero().flatten()
    if k >= len(known):
        raise ValueError(
            f"`k` must be below the number of rows that are not zeros, {len(known)}, got {k}"
        )
    near = nearest_neighbors(z[known], k=k)
    apart = (1 - near.similarities).mean(dim=1).clamp_min(0)
    logs = apart.clamp_min(_SHORTEST).log()
    above = logs - logs.quantile(0.5)
    spread = _NORMAL * above.abs().quantile(0.5)
    distances = torch.full((len(z),), torch.nan, dtype=apart.dtype, device=z.device)
    deviations = distances.clone()
    distances[known] = apart
    deviations[known] = above / spread if float(spread) > 0 else torch.zeros_like(above)
    neighbors = torch.zeros(len(z), k, dtype=torch.int64, device=z.device)
    neighbors[known] = known[near.rows]
    return OutlierScores(distances, deviations, neighbors)
