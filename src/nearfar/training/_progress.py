"""What a display of a running training is given."""

from __future__ import annotations

import warnings
from collections.abc import ItemsView, Iterator, KeysView
from dataclasses import dataclass
from typing import Any, Protocol, final, runtime_checkable

from nearfar.records import HealthRecord, RunRecord, TrainMetrics, WatchMetrics

__all__ = ["Latest", "Progress", "Silent"]


@final
@dataclass(frozen=True)
class Latest:
    """The newest lines of the metrics.

    Reading it by name, as the dictionary that it was in version 0.1, still works and is deprecated.

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

    def __contains__(self, name: object) -> bool:
        return name in self._by_name()

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def get(self, name: str, default: Any = None) -> Any:
        """As of the dictionary of version 0.1: deprecated."""
        return self._by_name().get(name, default)

    def keys(self) -> KeysView[str]:
        """As of the dictionary of version 0.1: deprecated."""
        return self._by_name().keys()

    def items(self) -> ItemsView[str, float]:
        """As of the dictionary of version 0.1: deprecated."""
        return self._by_name().items()

    def _by_name(self) -> dict[str, float]:
        warnings.warn(
            "`values` of Progress.update is no dictionary any more: read `values.train.loss`,"
            " `values.watch.alignment` and their like",
            DeprecationWarning,
            stacklevel=3,
        )
        watch = {} if self.watch is None else vars(self.watch)
        train = {} if self.train is None else vars(self.train)
        found = {**train.get("terms", {}), **watch, **train}  # 0.1 knew no loss but the training's
        hidden = {"step", "epoch", "terms", "chance", "batch_size"}
        return {n: float(v) for n, v in found.items() if v is not None and n not in hidden}


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
