"""What is measured of two projections of the same samples beside their health."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from jaxtyping import Float
from torch import Tensor

from nearfar.diagnostics._information import information
from nearfar.diagnostics._measure import spread_rows
from nearfar.diagnostics._modality_gap import modality_gap
from nearfar.diagnostics._retrieval import retrieval

__all__ = ["PAIR_READINGS", "pair_measurements"]

_PAIRS = 2_048

PAIR_READINGS: Final[Mapping[str, str]] = {
    "candidates": "pairs among which each looks for its own",
    "recall_1": "inputs whose own signal is the nearest; chance is one in the candidates",
    "recall_5": "inputs whose own signal is among the five nearest",
    "recall_10": "inputs whose own signal is among the ten nearest",
    "median_rank": "where an input's own signal stands among all, 1 at best",
    "back_recall_1": "signals whose own input is the nearest",
    "back_recall_5": "signals whose own input is among the five nearest",
    "back_recall_10": "signals whose own input is among the ten nearest",
    "back_median_rank": "where a signal's own input stands among all, 1 at best",
    "modality_gap": "distance between the centres of inputs and signals, from 0 to 2; high where"
    " the two live in parts of their own",
    "information": "nats that input and signal tell of each other, at least",
    "information_ceiling": "the most that so many pairs can show; a reading near it asks for more",
}
"""What each measurement of pairs says, for a reader."""


def pair_measurements(
    z1: Float[Tensor, "samples dim"], z2: Float[Tensor, "samples dim"]
) -> dict[str, float]:
    """Retrieval both ways, modality gap and information of two projections of the same samples.

    Args:
        z1: Projections of the inputs, 2 rows or more.
        z2: Projections of their signals, in the same order.

    Returns:
        What :data:`PAIR_READINGS` names, in its order.

    Raises:
        ValueError: Fewer than 2 rows, shapes that differ, NaN or infinity.

    Cost:
        At most 2,048 pairs are read, evenly spread.

    Example:
        >>> import torch
        >>> measured = pair_measurements(torch.eye(4), torch.eye(4))
        >>> measured["recall_1"], measured["median_rank"], measured["modality_gap"]
        (1.0, 1.0, 0.0)
    """
    z1, z2 = spread_rows(z1, most=_PAIRS), spread_rows(z2, most=_PAIRS)
    found, told = retrieval(z1, z2), information(z1, z2)
    measured = {name: float(value) for name, value in found._asdict().items()}
    measured |= {
        "candidates": float(len(z1)),
        "modality_gap": float(modality_gap(z1, z2)),
        "information": float(told.estimate),
        "information_ceiling": float(told.ceiling),
    }
    return {name: measured[name] for name in PAIR_READINGS}
