"""The confidence of a verdict, and why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from nearfar.diagnostics._calibration import shipped_calibration

__all__ = ["confidence_of"]

_LEAST: Final = 50  # samples; the calibration has 45 to 256


def confidence_of(
    verdict: str,
    measured: Mapping[str, float],
    *,
    samples: int,
    positives: bool,
    modality: str | None,
) -> tuple[float | None, tuple[str, ...]]:
    """The calibrated probability that a verdict is right; without one, the reason as one line.

    Args:
        verdict: The gravest verdict.
        measured: Measurements by name.
        samples: Number of rows measured.
        positives: Whether views of a sample are trained to agree.
        modality: Kind of data, if it is known.

    Example:
        >>> confidence_of("healthy", {}, samples=200, positives=True, modality="pairs")
        (None, ('confidence: only one view was given',))
    """
    reason = _reason(verdict, measured, samples=samples, positives=positives, modality=modality)
    if reason:
        return None, (f"confidence: {reason}",)
    assert modality is not None, "there is a reason otherwise"
    known = shipped_calibration().confidence(verdict, measured, modality=modality)
    if known is None:
        return None, ("confidence: readings are missing, such as those before training",)
    return round(known, 3), ()


def _reason(
    verdict: str,
    measured: Mapping[str, float],
    *,
    samples: int,
    positives: bool,
    modality: str | None,
) -> str:
    if "alignment" not in measured:
        return "only one view was given"
    if not positives:
        return "not calibrated for methods without two views of a sample"
    if modality is None:
        return "the kind of data was not given"
    few = f"not calibrated for {samples} samples" if samples < _LEAST else ""
    return shipped_calibration().unknown(verdict, modality=modality) or few
