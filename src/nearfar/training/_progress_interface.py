"""The interface between the training loop and a progress display."""

from __future__ import annotations

import warnings
from collections.abc import ItemsView, Iterator, KeysView
from dataclasses import dataclass
from typing import Any, Protocol, final, runtime_checkable

from nearfar.records import HealthRecord, RunRecord, TrainMetrics, WatchMetrics

__all__ = ["DetailedProgress", "Latest", "Progress", "Silent", "tell_part", "tell_stage"]


@final
@dataclass(frozen=True)
class Latest:
    """The latest lines of the metrics.

    Access by name, as in the dictionary of version 0.1, still works but is deprecated.

    Attributes:
        train: Loss, terms, learning rate and speed; None before they are first written.
        watch: Measurements of the watched samples; None before the first.
        now: Mean loss and speed of the updates since `train` was written; None before the first
            update.

    Example:
        >>> latest = Latest(TrainMetrics(step=10, loss=3.5))
        >>> latest.train.loss, latest.watch
        (3.5, None)
    """

    train: TrainMetrics | None = None
    watch: WatchMetrics | None = None
    now: TrainMetrics | None = None

    def __getitem__(self, name: str) -> float:
        return self._by_name()[name]

    def __contains__(self, name: object) -> bool:
        return name in self._by_name()

    def __iter__(self) -> Iterator[str]:
        return iter(self._by_name())

    def get(self, name: str, default: Any = None) -> Any:
        """Deprecated; as of the dictionary in version 0.1."""
        return self._by_name().get(name, default)

    def keys(self) -> KeysView[str]:
        """Deprecated; as of the dictionary in version 0.1."""
        return self._by_name().keys()

    def items(self) -> ItemsView[str, float]:
        """Deprecated; as of the dictionary in version 0.1."""
        return self._by_name().items()

    def _by_name(self) -> dict[str, float]:
        warnings.warn(
            "`values` of Progress.update is no longer a dictionary: read `values.train.loss`,"
            " `values.watch.alignment` and similar attributes",
            DeprecationWarning,
            stacklevel=3,
        )
        watch = {} if self.watch is None else vars(self.watch)
        train = {} if self.train is None else vars(self.train)
        found = {**train.get("terms", {}), **watch, **train}  # 0.1 had only the training loss
        hidden = {"step", "epoch", "terms", "chance", "batch_size"}
        return {
            n: float(v) for n, v in found.items() if isinstance(v, (int, float)) and n not in hidden
        }


@runtime_checkable
class Progress(Protocol):
    """A display of a run's progress; called at the start, after each update and at the end."""

    def start(self, record: RunRecord) -> None:
        """Called when the run is set up, before training."""

    def update(self, *, step: int, steps: int, epoch: int, epochs: int, values: Latest) -> None:
        """Called after update `step` of `steps`; `values` are the latest metrics."""

    def finish(self, health: HealthRecord) -> None:
        """Called with the verdict at the end of the run."""


@runtime_checkable
class DetailedProgress(Progress, Protocol):
    """A display that is also told about what takes long without an update."""

    def stage(self, doing: str) -> None:
        """Called when something else than updates begins: ``opening photos``; empty when it ends.

        May be called before :meth:`start`.
        """

    def part(self, fraction: float) -> None:
        """Called within an update of several micro-batches: the fraction that is complete."""


def tell_stage(progress: Progress | None, doing: str) -> None:
    """Tell a display, if it can show that, what begins."""
    if isinstance(progress, DetailedProgress):
        progress.stage(doing)


def tell_part(progress: Progress | None, fraction: float) -> None:
    """Tell a display, if it can show that, which fraction of the update is complete."""
    if isinstance(progress, DetailedProgress):
        progress.part(fraction)


@final
class Silent:
    """Shows nothing."""

    def start(self, record: RunRecord) -> None:
        """Nothing."""

    def update(self, *, step: int, steps: int, epoch: int, epochs: int, values: Latest) -> None:
        """Nothing."""

    def finish(self, health: HealthRecord) -> None:
        """Nothing."""
