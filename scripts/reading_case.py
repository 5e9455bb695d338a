"""A case of what nearfar reads: files made for it, a road, and what the format's library says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Case", "Outcome", "compare_arrays"]


@dataclass(frozen=True)
class Outcome:
    """What came of a case.

    Attributes:
        right: Whether nearfar's numbers are those of the library, within the tolerance.
        shown: The cell of the table: ``exact``, the largest difference, or what is wrong.
    """

    right: bool
    shown: str


@dataclass(frozen=True)
class Case:
    """One cell of the table.

    Attributes:
        kind: Kind of data, which has a table of its own.
        format: File format.
        content: Bits, colour model or type of the numbers.
        road: How the samples are given to nearfar.
        run: Makes the samples in an empty folder, reads them both ways and compares.
    """

    kind: str
    format: str
    content: str
    road: str
    run: Callable[[Path], Outcome]


def compare_arrays(
    found: NDArray[Any],
    expected: NDArray[Any],
    *,
    tolerance: float,
    exact: float = 1e-7,
    unit: str = "",
) -> Outcome:
    """Compare the numbers that nearfar reads with those of the library.

    Differences of up to `exact`, which single precision has, are none.
    """
    if found.shape != expected.shape:
        return Outcome(False, f"shape {found.shape}, not {expected.shape}")
    difference = float(np.abs(found.astype(np.float64) - expected).max())
    if difference < exact:
        return Outcome(True, "exact")
    shown = f"{difference:.2g}{unit}"
    if difference <= tolerance:
        return Outcome(True, f"≤ {shown}")
    return Outcome(False, f"differs by {shown}")
