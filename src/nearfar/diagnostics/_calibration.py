"""What a verdict is worth: the probability that a run is sound, fitted on runs with labels."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final, NamedTuple, final

from nearfar._verdict_names import DUPLICATES, NO_COLLAPSE, NOT_YET, OVER_TRAINED, is_good
from nearfar.diagnostics._thresholds import CALIBRATION_FILE, Thresholds
from nearfar.records import Record

__all__ = ["ALARM", "OTHER_CLAIMS", "READINGS", "Calibration", "Reading", "shipped_calibration"]

_LEAST_ROOM: Final = 1.0  # bits
OTHER_CLAIMS: Final = frozenset({NOT_YET, OVER_TRAINED, DUPLICATES, NO_COLLAPSE})
"""Verdicts that say neither that a run is sound nor that it is broken."""
ALARM: Final = "alarm"
"""Name of the weight of an alarm, in addition to those of the readings."""


class Reading(NamedTuple):
    """A reading on which the probability depends.

    Attributes:
        read: The reading, from measurements; None if it is not known, NaN if it is vacuous for
            such a run.
        sign: 1 if a larger reading can only make a run more probably sound, -1 if less.
    """

    read: Callable[[Mapping[str, float]], float | None]
    sign: int


def _relative_gain(measured: Mapping[str, float]) -> float | None:
    """The gain as a share of what can be gained, if that is enough."""
    if "rank_gain" not in measured:
        return None
    room = measured["untrained_log_rank"]
    return max(measured["rank_gain"] / room, -1.0) if room >= _LEAST_ROOM else math.nan


def _by_inputs(measured: Mapping[str, float]) -> float | None:
    """Recall by raw inputs, where finding the other view by them is the sign of a shortcut."""
    if measured.get("recognizable"):
        return math.nan
    return measured.get("raw_recall_1", math.nan)


def _rank_share(measured: Mapping[str, float]) -> float | None:
    rank = measured.get("representation_spherical_rank")
    most = measured.get("representation_isotropic_rank")
    return math.log(max(rank, 1.0) / most) if rank is not None and most else None


READINGS: Final[Mapping[str, Reading]] = MappingProxyType(
    {
        "gain over the untrained encoder": Reading(_relative_gain, 1),
        "order of retrieval": Reading(lambda measured: measured.get("representation_order"), 1),
        "neighbours kept since before training": Reading(
            lambda measured: measured.get("untrained_overlap"), -1
        ),
        "recall by raw inputs": Reading(_by_inputs, -1),
        "rank of the representations": Reading(_rank_share, 1),
    }
)
"""The readings by name; of them and of the alarm the probability is made."""


@final
@dataclass(frozen=True, kw_only=True)
class Calibration(Record):
    r"""Thresholds of the verdict, and the probability that a run is sound.

    With readings :math:`x_j` in units of their spread :math:`s_j` around :math:`c_j` the
    probability is :math:`1 / (1 + e^{-b - \sum_j w_j (x_j - c_j) / s_j})`, and no weight has the
    wrong sign: better readings never make it smaller. A reading that is vacuous for a run, such as
    the gain where the untrained encoder finds every other view, counts as its mean.

    Attributes:
        thresholds: Thresholds of the rules.
        weights: Weight of each reading, and of ``alarm``.
        centers: Mean of each reading.
        scales: Standard deviation of each reading.
        offset: The constant b.
        modalities: Kinds of data that it was fitted on.
        sources: Sources that it was fitted on.
        sound: Number of sound runs.
        broken: Number of broken runs.
        mixed: Number of runs that were neither, and are not used.
        made_with: What the runs were measured with.
    """

    thresholds: Thresholds
    weights: dict[str, float]
    centers: dict[str, float]
    scales: dict[str, float]
    offset: float
    modalities: tuple[str, ...]
    sources: tuple[str, ...]
    sound: int
    broken: int
    mixed: int
    made_with: dict[str, Any] = field(default_factory=dict)

    def probability(self, measured: Mapping[str, float], *, alarm: bool) -> float | None:
        """Probability that a run is sound; None if a reading is missing.

        Args:
            measured: Measurements by name.
            alarm: Whether any alarm was raised.
        """
        total = self.offset + self.weights.get(ALARM, 0.0) * (
            (float(alarm) - self.centers[ALARM]) / self.scales[ALARM]
        )
        for name, reading in READINGS.items():
            value = reading.read(measured)
            if value is None:
                return None
            if not math.isnan(value):
                total += self.weights[name] * (value - self.centers[name]) / self.scales[name]
        return 1 / (1 + math.exp(-min(max(total, -50.0), 50.0)))

    def unknown(self, verdict: str, *, modality: str) -> str:
        """Why there is no probability of this verdict; empty if there is one.

        Args:
            verdict: The gravest verdict.
            modality: Kind of data.
        """
        if modality not in self.modalities:
            return f"not calibrated on {modality}"
        return f"{verdict} says neither sound nor broken" if verdict in OTHER_CLAIMS else ""

    def confidence(
        self, verdict: str, measured: Mapping[str, float], *, modality: str
    ) -> float | None:
        """Probability that a run is what the verdict says; None where that was not calibrated.

        Args:
            verdict: The gravest verdict.
            measured: Measurements by name.
            modality: Kind of data.
        """
        if self.unknown(verdict, modality=modality):
            return None
        good = is_good(verdict)
        sound = self.probability(measured, alarm=not good)
        return sound if sound is None or good else 1 - sound


@functools.cache
def shipped_calibration() -> Calibration:
    """The calibration that nearfar ships, written by ``nearfar study health``."""
    return Calibration.load(CALIBRATION_FILE)
