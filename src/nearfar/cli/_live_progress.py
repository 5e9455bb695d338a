"""The live display of ``nearfar train``: a progress bar on a terminal, ten lines elsewhere."""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, final

from nearfar._signs import minus
from nearfar.cli._console import print_line, stdout
from nearfar.records import HealthRecord, RunRecord, TrainMetrics, WatchMetrics

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from nearfar.training import Latest

__all__ = ["Display", "reading"]

EXPECTED = 3  # theoretical statements printed at the start
LINES = 10  # lines per run if standard output is not a terminal
# Fields of a line; on a narrow terminal those with the lowest number are dropped first.
SHOWN = {"loss": 9, "align": 7, "uniform": 6, "m_o": 2, "rank": 8, "/s": 1}


@final
class Display:
    """Display of a run's progress, with the loss next to its chance level."""

    def __init__(self) -> None:
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._chance: float | None = None
        self._began = 0.0
        self._tenth = 0

    def start(self, record: RunRecord) -> None:
        """Print the data, the method, theory's expectations and any notes."""
        print_line(
            "data", f"{record.data}; {record.watched:,} held out for measurements (no labels used)"
        )
        print_line("method", _described(record))
        for about, prediction in expectations(record):
            print_line(about, prediction)
        for note in record.notes:
            print_line("note", note)
        self._chance, self._began = record.chance, time.perf_counter()
        if sys.stdout.isatty():
            self._open(record.steps)

    def update(self, *, step: int, steps: int, epoch: int, epochs: int, values: Latest) -> None:
        """Advance the bar, or print one line per tenth of the run if there is no terminal."""
        ahead = f"{epoch}/{epochs}"
        if self._bar is not None and self._task is not None:
            room = self._bar.console.width - 30 - len(ahead)
            text = reading(values.train, values.watch, chance=self._chance, room=room)
            self._bar.update(self._task, completed=step, ahead=ahead, text=text)
            if step == steps:
                self._bar.stop()
                self._bar = None
            return
        tenth = step * LINES // steps
        if tenth > self._tenth:
            text = reading(values.train, values.watch, chance=self._chance)
            clock = _clock(time.perf_counter() - self._began)
            parts = (ahead, text, clock)
            print_line("epoch", "  ".join(part for part in parts if part))
            self._tenth = tenth

    def finish(self, health: HealthRecord) -> None:
        """Print the verdict, and suggestions if it is bad."""
        print_line("verdict", health.summary, style=verdict_style(health))
        for advice in health.advice:
            print_line("try", advice)

    def close(self) -> None:
        """Restore the terminal, also after an interruption."""
        if self._bar is not None:
            self._bar.stop()

    def _open(self, steps: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            BarColumn(bar_width=16),
            TextColumn("{task.fields[ahead]}"),
            TextColumn("{task.fields[text]}"),
            TimeElapsedColumn(),
            console=stdout(),
            refresh_per_second=5,
        )
        self._task = self._bar.add_task("", total=steps, ahead="", text="")
        self._bar.start()


def expectations(record: RunRecord) -> list[tuple[str, str]]:
    """The theoretical statements most relevant to a training run."""
    from nearfar.theory import advise

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


def verdict_style(health: HealthRecord) -> str:
    """Green for a healthy verdict, red for any other."""
    return "green" if health.verdict == "healthy" else "red"


def _described(record: RunRecord) -> str:
    words = (
        record.method,
        record.encoder,
        record.objective,
        f"batch {record.batch_size:,}" if record.batch_size else "",
        f"{record.optimizer}, {record.epochs:,} epochs" if record.optimizer else "",
        record.precision,
    )
    return " · ".join(word for word in words if word)


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"
