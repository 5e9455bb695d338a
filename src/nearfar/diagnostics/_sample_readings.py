"""Measurements of each sample, for maps and distributions."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from nearfar.checks import check_integer
from nearfar.diagnostics._diagnostic import checked_pair, checked_rows
from nearfar.diagnostics._intrinsic_dimension import local_dimensions
from nearfar.diagnostics._view_retrieval import view_ranks
from nearfar.ops import nearest_neighbors

__all__ = ["neighbors_kept", "sample_readings"]

_NEIGHBORS = 10


@torch.no_grad()
def neighbors_kept(
    x: Float[Tensor, "samples width"], y: Float[Tensor, "samples dim"], *, k: int = _NEIGHBORS
) -> Float[Tensor, " samples"]:
    """Share of each sample's `k` nearest neighbours in `x` that are among its nearest in `y`.

    Its mean is :func:`nearfar.diagnostics.neighbor_overlap`.

    Args:
        x: One representation.
        y: Another one of the same samples, in the same order; its width may differ.
        k: Number of neighbours, below the number of samples.

    Range:
        0 to 1, one number per sample; on average ``k / (samples − 1)`` for unrelated
        representations.

    Example:
        >>> x = torch.tensor([[1.0, 0.0], [1.0, 0.1], [0.0, 1.0], [0.1, 1.0]])
        >>> neighbors_kept(x, x.roll(1, 0), k=1).tolist()
        [0.0, 0.0, 0.0, 0.0]
    """
    check_integer(at_least=1, k=k)
    first = nearest_neighbors(checked_rows(x, min_rows=k + 1), k=k).rows
    second = nearest_neighbors(checked_rows(y, min_rows=k + 1), k=k).rows.to(first.device)
    if len(first) != len(second):
        raise ValueError(f"`y` must have {len(first)} rows, as `x`, got {len(second)}")
    return (first[:, :, None] == second[:, None, :]).any(dim=2).double().mean(dim=1)


def sample_readings(z1: Tensor, z2: Tensor | None) -> dict[str, Tensor]:
    """The measurements of each sample by name, as a :class:`nearfar.records.GeometryRecord` has.

    Args:
        z1: One view of each sample, 2 rows or more.
        z2: A second view of the same samples.

    Returns:
        ``length`` and, from 12 samples, ``local_dimension``; with two views also ``partner_rank``
        and, from 12 samples, ``neighbors_kept``.
    """
    rows = checked_rows(z1, min_rows=2)
    lengths = rows.norm(dim=1)
    usual = lengths.median()
    found = {}
    if bool(usual > 0):
        found["length"] = lengths / usual
    enough = len(rows) > _NEIGHBORS + 1
    if enough:
        found["local_dimension"] = local_dimensions(rows, neighbors=_NEIGHBORS)
    if z2 is not None:
        first, second = checked_pair(z1, z2)
        found["partner_rank"] = view_ranks(first, second)
        if enough:
            found["neighbors_kept"] = neighbors_kept(first, second)
    return {name: values.double().cpu() for name, values in found.items()}
