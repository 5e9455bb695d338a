"""Writing ``metrics.jsonl``, and what is counted between two of its lines."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import final

from nearfar.records import Metrics, TrainMetrics, WatchMetrics, write_text

__all__ = ["Meter", "MetricsLog", "Pending", "mean"]


@final
class MetricsLog:
    """Appends lines; on resume, forgets what came after the checkpoint.

    Args:
        path: The file.
        step: Lines about later updates are dropped.
    """

    def __init__(self, path: Path, *, step: int) -> None:
        self._path = path
        kept: list[str] = []
        if path.is_file():
            with path.open(encoding="utf-8") as file:
                kept = list(Metrics.lines_up_to(file, step=step))
        write_text(path, "".join(f"{line}\n" for line in kept))

    def write(self, line: TrainMetrics | WatchMetrics) -> None:
        """Append one line.

        Raises:
            OSError: The disk is full or not writable.
        """
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"{line.to_json()}\n")
        except OSError as error:
            raise type(error)(
                error.errno, f"cannot write {self._path}: {error.strerror}"
            ) from error


@final
@dataclass
class Pending:
    """Updates since the last line of the metrics; a checkpoint keeps it.

    Attributes:
        loss: Of each update.
        terms: By name, of each update that had the term.
    """

    loss: list[float] = field(default_factory=list)
    terms: dict[str, list[float]] = field(default_factory=dict)

    def to_json(self) -> str:
        """As a checkpoint keeps it."""
        return json.dumps({"loss": self.loss, "terms": self.terms})

    @classmethod
    def from_json(cls, text: str) -> Pending:
        """What :meth:`to_json` wrote, or a checkpoint of version 0.1, with terms beside the loss.

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
        samples: Samples of an update.
        pending: What :attr:`pending` held when a checkpoint was written.
    """

    def __init__(self, samples: int, *, pending: Pending | None = None) -> None:
        self._samples = samples
        self.pending = pending or Pending()
        self._counted = 0
        self._since = time.perf_counter()

    def count(self, loss: float, terms: dict[str, float]) -> None:
        """One update more."""
        self._counted += 1
        self.pending.loss.append(loss)
        for name, value in terms.items():
            self.pending.terms.setdefault(name, []).append(value)

    def read(self, *, step: int, epoch: float, learning_rate: float) -> TrainMetrics:
        """The means and the speed, and start over.

        Args:
            step: Updates done.
            epoch: Passes over the data.
            learning_rate: Of the last update.
        """
        elapsed = max(time.perf_counter() - self._since, 1e-9)
        line = TrainMetrics(
            step=step,
            loss=mean(self.pending.loss),
            epoch=epoch,
            learning_rate=learning_rate,
            samples_per_second=self._samples * self._counted / elapsed,
            terms={name: mean(values) for name, values in self.pending.terms.items()},
        )
        self.pending, self._counted, self._since = Pending(), 0, time.perf_counter()
        return line


def mean(values: list[float]) -> float:
    """Of at least one value."""
    return sum(values) / len(values)
