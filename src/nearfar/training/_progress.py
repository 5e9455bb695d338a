"""What a display of a running training is given."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol, final, runtime_checkable

from nearfar.records import HealthRecord, RunRecord, TrainMetrics, WatchMetrics

__all__ = ["Latest", "Progress", "Silent"]


@final
@dataclass(frozen=True)
class Latest(Mapping[str, float]):
    """The newest lines of the metrics.

    Reading it as a mapping from names to numbers, as in version 0.1, still works and is deprecated.

    Attributes:
        train: Loss, terms, learning rate and speed; None before they are first written.
        watch: Readings of the watched samples; None before they are first measured.

    Example:
        >>> latest = Latest(TrainMetrics(step=10, loss=3.5))
        >>> latest.train.loss, latest.watch
        (3.5, None)
    """

    train: TrainMetrics | None = None
    watch: WatchMetrics | None = None

    def __getitem__(self, name: str) -> float:
        return self._by_name()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def __len__(self) -> int:
        return len(self._by_name())

    def __bool__(self) -> bool:
        return self.train is not None or self.watch is not None

    def _by_name(self) -> dict[str, float]:
        warnings.warn(
            "`values` of Progress.update is no dictionary any more: read `values.train.loss`,"
            " `values.watch.alignment` and their like",
            DeprecationWarning,
            stacklevel=3,
        )
        found: dict[str, float] = {}
        for line in (self.train, self.watch):
            shown = dict(vars(line)) if line else {}
            found |= shown.pop("terms", {})
            hidden = {"step", "epoch", "chance", "batch_size"}
            if line is self.watch and self.train:
                hidden |= {"loss"}  # of the watched samples: 0.1 knew none
            found |= {n: float(v) for n, v in shown.items() if v is not None and n not in hidden}
        return found


@runtime_checkable
class Progress(Protocol):
    """Called when a run starts, moves and ends; shows it however it likes."""

    def start(self, record: RunRecord) -> None:
        """The run is set up; nothing has been trained."""

    def update(self, *, step: int, steps: int, epoch: int, epochs: int, values: Latest) -> None:
        """`step` of `steps` updates are done; `values` holds the latest measurements."""

    def finish(self, health: HealthRecord) -> None:
        """The run is over and judged."""


@final
class Silent:
    """Shows nothing."""

    def start(self, record: RunRecord) -> None:
        """Nothing."""

    def update(self, *, step: int, steps: int, epoch: int, epochs: int, values: Latest) -> None:
        """Nothing."""

    def finish(self, health: HealthRecord) -> None:
        """Nothing."""
