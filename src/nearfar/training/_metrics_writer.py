"""Writing ``metrics.jsonl``, and averaging between two of its lines."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from nearfar.records import Metrics, TrainMetrics, WatchMetrics, write_text
from nearfar.records._metrics_record import metrics_lines
from nearfar.records._seals import is_sealed, seal_line

__all__ = ["Meter", "MetricsLog", "Pending", "mean"]


@final
class MetricsLog:
    """Appends lines to the metrics; on resuming, first drops lines after the checkpoint.

    Args:
        path: Path of the file.
        step: Number of completed updates; lines of later updates are dropped.

    Attributes:
        lines: Number of lines in the file.
    """

    def __init__(self, path: Path, *, step: int) -> None:
        self._path = path
        lines = metrics_lines(path, damaged=[]) if path.is_file() else []
        self._kept = list(Metrics.lines_up_to(lines, step=step))
        sealed = (line if is_sealed(line) else seal_line(line) for line in self._kept)
        write_text(path, "".join(f"{line}\n" for line in sealed))
        self.lines = len(self._kept)

    def watched(self, step: int) -> bool:
        """Whether the lines kept on resuming have the measurements after `step` updates."""
        return any(line.step == step for line in Metrics.of(self._kept).watch)

    def write(self, line: TrainMetrics | WatchMetrics) -> None:
        """Append one line.

        Raises:
            OSError: The disk is full or not writable.
        """
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{seal_line(line.to_json())}\n")
            self.lines += 1
        except OSError as error:
            raise type(error)(
                error.errno, f"cannot write {self._path}: {error.strerror}"
            ) from error


@final
@dataclass
class Pending:
    """Losses since the last line of the metrics; part of a checkpoint.

    Attributes:
        loss: Loss of each update.
        terms: Loss terms by name, one value per update that had the term.
    """

    loss: list[float] = field(default_factory=list)
    terms: dict[str, list[float]] = field(default_factory=dict)

    def to_json(self) -> str:
        """JSON for a checkpoint."""
        return json.dumps({"loss": self.loss, "terms": self.terms})

    @classmethod
    def from_json(cls, text: str) -> Pending:
        """Parse :meth:`to_json`; in checkpoints of version 0.1 the terms are next to ``loss``.

        Example:
            >>> Pending.from_json('{"loss": [1.0], "variance": [0.5]}')
            Pending(loss=[1.0], terms={'variance': [0.5]})
        """
        values = json.loads(text)
        loss = values.pop("loss", [])
        nested = values.get("terms")
        return cls(loss, nested if isinstance(nested, dict) else values)


@final
class Meter:
    """Means over the updates since the last line of the log.

    Args:
        samples: Samples per update.
        pending: The value of :attr:`pending` from a checkpoint.
    """

    def __init__(self, samples: int, *, pending: Pending | None = None) -> None:
        self._samples = samples
        self.pending = pending or Pending()
        self._counted = 0
        self._since = time.perf_counter()

    def count(self, loss: float, terms: dict[str, float]) -> None:
        """Record an update."""
        self._counted += 1
        self.pending.loss.append(loss)
        for name, value in terms.items():
            self.pending.terms.setdefault(name, []).append(value)

    def peek(self, *, step: int, epoch: float) -> TrainMetrics:
        """Mean loss and speed since the last call of :meth:`read`; changes nothing."""
        return TrainMetrics(
            step=step,
            loss=mean(self.pending.loss),
            epoch=epoch,
            samples_per_second=self._speed(),
        )

    def _speed(self) -> float:
        elapsed = max(time.perf_counter() - self._since, 1e-9)
        return self._samples * self._counted / elapsed

    def read(self, *, step: int, epoch: float, learning_rate: float) -> TrainMetrics:
        """Means and speed since the last call; resets the meter.

        Args:
            step: Number of completed updates.
            epoch: Number of completed epochs, with fraction.
            learning_rate: Learning rate of the last update.
        """
        line = TrainMetrics(
            step=step,
            loss=mean(self.pending.loss),
            epoch=epoch,
            learning_rate=learning_rate,
            samples_per_second=self._speed(),
            terms={name: mean(values) for name, values in self.pending.terms.items()},
        )
        self.pending, self._counted, self._since = Pending(), 0, time.perf_counter()
        return line


def mean(values: list[float]) -> float:
    """Mean of one or more values."""
    return sum(values) / len(values)
