"""What a display of a running training is told."""

from __future__ import annotations

from typing import Protocol, final, runtime_checkable

from nearfar.records import HealthRecord, RunRecord

__all__ = ["Progress", "Silent"]


@runtime_checkable
class Progress(Protocol):
    """Told when a run starts, moves and ends; shows it however it likes."""

    def start(self, record: RunRecord) -> None:
        """The run is set up; nothing has been trained."""

    def update(
        self, *, step: int, steps: int, epoch: int, epochs: int, values: dict[str, float]
    ) -> None:
        """`step` of `steps` updates are done; `values` holds the latest reading of each name."""

    def finish(self, health: HealthRecord) -> None:
        """The run is over and judged."""


@final
class Silent:
    """Shows nothing."""

    def start(self, record: RunRecord) -> None:
        """Nothing."""

    def update(
        self, *, step: int, steps: int, epoch: int, epochs: int, values: dict[str, float]
    ) -> None:
        """Nothing."""

    def finish(self, health: HealthRecord) -> None:
        """Nothing."""
