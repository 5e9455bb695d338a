"""The thresholds of the rules that runs decide; constructed worlds decide the others."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

__all__ = ["CALIBRATION_FILE", "THRESHOLDS", "Thresholds"]


@final
@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """Thresholds of the verdict that are no formulas.

    By default they lie between constructed worlds. :func:`nearfar.diagnostics.fit` moves those for
    which runs with known outcomes give a reason, and nearfar ships what it found.

    Attributes:
        at_chance: Share of the chance loss from which nothing was learnt.
        unrelated: Relative alignment from which views are unrelated; it is 1 without any relation.
        weak: Relative alignment from which little is shared between views.
        gained: Smallest gain over the untrained encoder, as a share of its mean log rank.
        room: Mean log rank of the untrained encoder below which little can be gained.
        unmoved: Share of nearest neighbours that are those of before training, from which training
            has changed nothing.
        named: Recall of the other view by raw inputs from which a shortcut is suspected.
        telling: The same by low-level statistics.
        blind: Order of retrieval below which the other view is not found; chance is 0.5.
        few_directions: Share of the isotropic rank below which directions are lost.
        steep: The same for spectra with a drop.
        short: Updates below which it is too early to judge.

    Example:
        >>> Thresholds(blind=0.55).blind, Thresholds().blind
        (0.55, 0.6)
    """

    at_chance: float = 0.98
    unrelated: float = 0.9
    weak: float = 0.75
    gained: float = 0.29
    room: float = 1.0
    unmoved: float = 0.95
    named: float = 0.5
    telling: float = 0.7
    blind: float = 0.6
    few_directions: float = 0.05
    steep: float = 0.25
    short: float = 30


CALIBRATION_FILE: Final = Path(__file__).parent / "calibration.json"
"""What ships of the calibration."""
THRESHOLDS: Final = Thresholds(
    **json.loads(CALIBRATION_FILE.read_text(encoding="utf-8"))["thresholds"]
)
"""The thresholds that the verdict uses."""
