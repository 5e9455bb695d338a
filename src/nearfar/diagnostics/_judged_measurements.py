"""Measurements that the verdict needs in addition to those taken during training."""

from __future__ import annotations

from typing import Final

import torch
from torch import Tensor

from nearfar.diagnostics._diagnostic import checked_rows
from nearfar.diagnostics._hubness import hubness
from nearfar.diagnostics._intrinsic_dimension import intrinsic_dimension
from nearfar.diagnostics._measure import measurements, spread_rows
from nearfar.diagnostics._repetition import repetition
from nearfar.diagnostics._view_retrieval import view_retrieval
from nearfar.ops import (
    entropy_rank,
    isotropic_rank,
    lost_share,
    singular_values,
    to_sphere,
    uniformity_minimum,
)

__all__ = ["COMPARED", "LONG", "NEIGHBORS", "context", "of_representations", "structure"]

NEIGHBORS: Final = 10
COMPARED: Final = 2_048
"""Rows for measurements that compare all pairs."""
_OPEN: Final = 4.0  # intrinsic dimension that an insufficiently sampled curve may have
_DEAD = 1e-4  # deviation of a dimension relative to the largest
LONG: Final = 100.0
"""Length of a row in medians, above which it is far longer than the others."""


@torch.no_grad()
def context(z: Tensor) -> dict[str, float]:
    """Rank of unit rows with reference values, dimensions that do not vary, long rows."""
    rows = checked_rows(spread_rows(z))
    lengths = rows.norm(dim=1)
    usual = lengths.median().clamp_min(torch.finfo(rows.dtype).tiny)
    deviations = rows.std(dim=0, correction=0)
    return {
        **_spectrum(rows),
        "uniformity_minimum": uniformity_minimum(rows.shape[1]),
        "free_dimensions": float(min(len(z), z.shape[1]) - 1),
        "dead_share": float((deviations <= _DEAD * deviations.max()).double().mean()),
        "longest": float(lengths.max() / usual),
        "long_rows": float((lengths > LONG * usual).sum()),
    }


def _spectrum(rows: Tensor) -> dict[str, float]:
    """Effective rank of unit rows, and the fraction of lost directions around their mean."""
    units = to_sphere(rows)
    centered = singular_values(units - units.mean(dim=0))
    free = min(rows.shape[0] - 1, rows.shape[1])  # centring removes one direction
    return {
        "spherical_rank": float(entropy_rank(singular_values(units))),
        "isotropic_rank": isotropic_rank(*rows.shape),
        "lost_share": lost_share(centered[:free]),
    }


def of_representations(representations: Tensor) -> dict[str, float]:
    """Rank and common direction of the representations."""
    inner = measurements(representations)
    spectrum = _spectrum(checked_rows(spread_rows(representations)))
    return {
        "representation_rank": inner["effective_rank"],
        "representation_m_o": inner["m_o"],
        **{f"representation_{name}": value for name, value in spectrum.items()},
    }


def structure(z1: Tensor, z2: Tensor | None) -> dict[str, float]:
    """What needs the distances between samples."""
    points = repetition(z1, z2)
    some = spread_rows(z1, most=COMPARED)
    dimensions = intrinsic_dimension(some)
    found = {
        "distinct_share": float(points.distinct),
        "repeated_share": float(points.repeated),
        "intrinsic_dimension": float(dimensions.two_nn),
        "largest_hub": float(hubness(some, k=NEIGHBORS).largest),
    }
    if found["intrinsic_dimension"] < _OPEN:
        found["closest_dimension"] = float(dimensions.closest)
    if z2 is not None:
        found["confused"] = float(points.confused)
        partners = view_retrieval(some, spread_rows(z2, most=COMPARED))
        found["recall_1"] = float(partners.recall_1)
        found["recall_5"] = float(partners.recall_5)
        found["order"] = float(partners.order)
        found["gallery"] = float(partners.gallery)
    return found
