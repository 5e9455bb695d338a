"""What a display shows of a run: where it is, its latest numbers, time gone and time left."""

from __future__ import annotations

import time
from collections import deque
from typing import final

from nearfar._signs import counted, minus
from nearfar.records import HealthRecord, RunRecord, TrainMetrics, WatchMetrics
from nearfar.theory import advise
from nearfar.training import Latest

__all__ = ["Readout", "clock", "described", "expectations", "head_lines", "reading", "tail_lines"]

EXPECTED = 3  # theoretical statements printed at the start
RECENT = 50  # updates from which the remaining time is estimated
# Fields of a line; on a narrow terminal those with the lowest number are dropped first.
SHOWN = {"loss": 9, "align": 7, "uniform": 6, "m_o": 2, "rank": 8, "/s": 3}


@final
class Readout:
    """The state of a display: updated by the training loop, read by whatever draws it.

    Attributes:
        position: Updates so far; with a fraction within an update of several micro-batches.
        steps: Updates of the whole run.
        values: The latest metrics.
    """

    def __init__(self, record: RunRecord) -> None:
        self.steps, self.position = record.steps, 0.0
        self.values = Latest()
        self._chance, self._epochs, self._began = record.chance, record.epochs, _now()
        self._epoch = 0
        self._marks: deque[tuple[float, float]] = deque(maxlen=RECENT)  # time, position

    def moved(self, *, step: int, steps: int, epoch: int, epochs: int, values: Latest) -> None:
        """Record a complete update."""
        if not self._marks:  # the first, or the first after a resume
            self._marks.append((self._began, step - 1.0))
        self.steps, self._epochs, self._epoch, self.values = steps, epochs, epoch, values
        self.position = float(step)
        self._marks.append((_now(), self.position))
        if len(self._marks) == 4:  # the first update also sets kernels and buffers up
            self._marks.popleft()

    def within(self, fraction: float) -> None:
        """Record how much of the next update is complete."""
        self.position = int(self.position) + min(fraction, 1 - 1e-6)

    @property
    def elapsed(self) -> float:
        """Seconds since training began."""
        return _now() - self._began

    @property
    def left(self) -> float | None:
        """Seconds that the remaining updates will take; None before anything was measured."""
        if len(self._marks) > 1:
            (first, start), (last, end) = self._marks[0], self._marks[-1]
            waited = _now() - last
            pace = (last - first) / (end - start)
            return max(0.0, (self.steps - end) * pace - waited)
        within = self.position - int(self.position)
        return (self.steps - self.position) * self.elapsed / within if within else None

    @property
    def ahead(self) -> str:
        """Epochs so far and in all; within an update also the update and its fraction."""
        fraction = self.position - int(self.position)
        epochs = f"{self._epoch}/{self._epochs}"
        if not fraction:
            return epochs
        return f"{epochs} update {int(self.position) + 1:,}/{self.steps:,} {fraction:.0%}"

    def text(self, room: int = 999) -> str:
        """The latest numbers as one line of at most `room` characters."""
        train = self.values.now or self.values.train
        return reading(train, self.values.watch, chance=self._chance, room=room)

    def times(self) -> str:
        """Time gone and time left: ``0:02:13, 0:10:05 left``."""
        left = self.left if self.position < self.steps else None
        return clock(self.elapsed) + ("" if left is None else f", {clock(left)} left")


def _now() -> float:
    return time.perf_counter()


def head_lines(record: RunRecord) -> list[tuple[str, str]]:
    """What is shown before training: the data, the method, theory's expectations, notes."""
    data = f"{record.data}; {record.watched:,} held out for measurements (no labels used)"
    notes = [("note", note) for note in record.notes]
    return [("data", data), ("method", described(record)), *expectations(record), *notes]


def tail_lines(health: HealthRecord) -> list[tuple[str, str]]:
    """What is shown at the end: the verdict, how sure it is, and suggestions if it is bad."""
    said = [("sure", health.sureness), ("steady", health.steadiness)]
    sure = [(name, words) for name, words in said if words]
    return [("verdict", health.summary), *sure, *(("try", advice) for advice in health.advice)]


def expectations(record: RunRecord) -> list[tuple[str, str]]:
    """The theoretical statements most relevant to a training run."""
    if not record.projection_dim:
        chance = record.chance
        return (
            []
            if chance is None
            else [("chance", f"a loss of {chance:.2f} means nothing was learnt")]
        )
    advice = advise(
        batch_size=record.batch_size,
        dim=record.projection_dim,
        temperature=record.temperature if record.candidates else None,
        num_negatives=record.candidates - 1 if record.candidates else None,
    )
    return [(line.about, line.statement) for line in advice.lines if line.matters][:EXPECTED]


def reading(
    train: TrainMetrics | None,
    watch: WatchMetrics | None,
    *,
    chance: float | None = None,
    room: int = 999,
) -> str:
    """The latest metrics as one line of at most `room` characters.

    Example:
        >>> watch = WatchMetrics(step=10, alignment=0.21, effective_rank=58.3, dim=64)
        >>> reading(TrainMetrics(step=10, loss=3.62), watch)
        'loss 3.62  align 0.21  rank 58/64'
        >>> reading(TrainMetrics(step=20, loss=6.2), None, chance=6.24)
        'loss 6.20 (chance 6.24)'
    """
    parts = {}
    if train:
        at_chance = "" if chance is None else f" (chance {chance:.2f})"
        parts["loss"] = f"{train.loss:.2f}{at_chance}"
    if watch:
        known = {"align": watch.alignment, "uniform": watch.uniformity, "m_o": watch.m_o}
        for name, value in known.items():
            if value is not None:
                parts[name] = minus(f"{value:.2f}")
        if watch.effective_rank is not None:
            of = f"/{watch.dim}" if watch.dim else ""
            parts["rank"] = f"{watch.effective_rank:.0f}{of}"
    if train and train.samples_per_second is not None:
        parts["/s"] = f"{train.samples_per_second:,.0f}"
    while parts:
        line = "  ".join(
            f"{text}{name}" if name == "/s" else f"{name} {text}" for name, text in parts.items()
        )
        if len(line) <= room:
            return line
        del parts[min(parts, key=lambda name: SHOWN[name])]
    return ""


def described(record: RunRecord) -> str:
    """Method, encoder, objective and optimiser as one line."""
    words = (
        record.method,
        record.encoder,
        record.objective,
        f"batch {record.batch_size:,}" if record.batch_size else "",
        f"{record.optimizer}, {counted(record.epochs, 'epoch')}" if record.optimizer else "",
        record.precision,
    )
    return " · ".join(word for word in words if word)


def clock(seconds: float) -> str:
    """Seconds as hours, minutes and seconds.

    >>> clock(3723)
    '1:02:03'
    """
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"
