"""When a trainer's callback judges, what it passes on, and when it ends training."""

from __future__ import annotations

import logging
from collections.abc import Collection
from typing import final

from nearfar._verdict_names import NOT_YET, VERDICTS, is_good
from nearfar.checks import check_choice, check_integer
from nearfar.monitor._monitor import Monitor
from nearfar.parallel import rank
from nearfar.records import HealthRecord

__all__ = ["PeriodicVerdict"]

_LOGGER = logging.getLogger("nearfar")


@final
class PeriodicVerdict:
    """Records of a monitor whenever one is due; a new alarm is logged as a warning.

    Args:
        monitor: The monitor; by default one with its defaults.
        stop_on: Verdicts that end training.
        patience: Number of successive records with such a verdict that do.

    Attributes:
        record: The last record.
        stop: Whether training should end.
    """

    def __init__(
        self, monitor: Monitor | None, *, stop_on: Collection[str] = (), patience: int = 2
    ) -> None:
        for verdict in stop_on:
            check_choice(VERDICTS, stop_on=verdict)
        check_integer(at_least=1, patience=patience)
        self.monitor = monitor or Monitor()
        self.stop_on, self.patience = stop_on, patience
        self.record: HealthRecord | None = None
        self.stop, self._bad, self._judged_at = False, 0, 0

    def values(self, *, last: bool = False) -> dict[str, float]:
        """Measurements for a logger if a record is due, or at the end of training; else none."""
        fresh = self.monitor.updates not in (0, self._judged_at)
        if not fresh or not (self.monitor.due or last):
            return {}
        before, self._judged_at = self.record, self.monitor.updates
        try:
            self.record = self.monitor.compute()
        except ValueError as error:  # embeddings of a network that has diverged
            if rank() == 0:
                _LOGGER.warning("%s", error)
            return {}
        verdict = self.record.verdict
        alarm = not is_good(verdict) and verdict != NOT_YET
        if rank() == 0 and alarm and (not before or before.verdict != verdict):
            _LOGGER.warning("%s", self.record.summary)
        self._bad = self._bad + 1 if verdict in self.stop_on else 0
        self.stop = self._bad >= self.patience
        values = {f"nearfar/{name}": value for name, value in self.record.measurements.items()}
        return {**values, "nearfar/healthy": float(is_good(verdict))}
