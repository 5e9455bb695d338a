"""Shares of sound and broken runs that have an alarm, as effects that claims are about."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, final

from nearfar._verdict_names import is_good
from nearfar.records import StudyRecord, StudyRow
from nearfar.studies._estimates import Estimate, NormalEstimate
from nearfar.studies._test_samples import RIGHT

__all__ = ["UNTRAINED_ROW", "AlarmShare"]

UNTRAINED_ROW: Final = "{source} · untrained · seed {seed}"
"""Name of the row of an untrained encoder."""


@final
@dataclass(frozen=True)
class AlarmShare:
    """Share of the runs of one outcome that have an alarm, in points from a limit.

    The standard error is that of Agresti and Coull: of two more runs with and two without an alarm.

    Attributes:
        outcome: ``sound`` or ``broken``.
        limit: The limit, in points.
        below: Whether the share should be below the limit.
    """

    outcome: str
    limit: float
    below: bool = False

    @property
    def rows(self) -> tuple[str, ...]:
        """Empty: it is about all rows."""
        return ()

    def unit(self, record: StudyRecord) -> str:
        """Points."""
        return "points"

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The share over all runs of this outcome."""
        known = {row.name: row for row in record.rows if row.values}
        alarms = [
            not is_good(row.words["verdict"][0])
            for row in known.values()
            if not row.baseline and _outcome(row, known) == self.outcome
        ]
        if not alarms:
            return []
        n, side = len(alarms), -1 if self.below else 1
        smoothed = (sum(alarms) + 2) / (n + 4)
        error = 100 * math.sqrt(smoothed * (1 - smoothed) / (n + 4))
        value = side * (100 * sum(alarms) / n - self.limit)
        return [NormalEstimate(value, error, math.inf, label=f"{n} {self.outcome} runs")]


def _outcome(row: StudyRow, known: dict[str, StudyRow]) -> str:
    """What the probes say of a run; empty if its untrained encoder is missing."""
    source = row.name.partition(" · ")[0]
    before = known.get(UNTRAINED_ROW.format(source=source, seed=row.seed_numbers[0]))
    if before is None or "verdict" not in row.words:
        return ""
    # PyTorch is imported by it, and not by a list of the studies
    from nearfar.studies._health_outcomes import DECIDING, outcome_of_ends, paired_interval

    texts = [(row.words[f"{p}{RIGHT}"][0], before.words[f"{p}{RIGHT}"][0]) for p in DECIDING]
    return outcome_of_ends([paired_interval(*pair)[0] for pair in texts])
