"""The live display of a run: a progress bar on a terminal, lines elsewhere."""

from __future__ import annotations

import time
from threading import Timer
from typing import TYPE_CHECKING, final

from nearfar._margin_lines import Stream, console, print_line, stream_of, verdict_style
from nearfar.api._readout import Readout, clock, head_lines, tail_lines
from nearfar.records import HealthRecord, RunRecord
from nearfar.training import Latest

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID
    from rich.status import Status

__all__ = ["Display"]

LINES = 10  # lines of a short run, if there is no terminal
FIRST, LATER, SHARE = 5.0, 30.0, 1 / 20  # seconds between lines; then a share of the time so far
PATIENCE = 4.0  # seconds that something else than updates takes before a line says so
OTHERS = 40  # characters of a line with a bar, apart from the epochs and the readings


@final
class Display:
    """Display of a run's progress, with the loss next to its chance level.

    Args:
        stream: Where to print: ``stdout`` or ``stderr``.
    """

    def __init__(self, *, stream: Stream = "stdout") -> None:
        self._stream: Stream = stream
        self._readout: Readout | None = None
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._status: Status | None = None
        self._timer: Timer | None = None
        self._tenth = 0
        self._printed = 0.0

    def start(self, record: RunRecord) -> None:
        """Print the data, the method, theory's expectations and any notes."""
        self.stage("")
        for word, text in head_lines(record):
            print_line(word, text, stream=self._stream)
        self._readout, self._printed = Readout(record), time.perf_counter()
        if stream_of(self._stream).isatty():
            self._open(record.steps)
        else:
            self._later(f"in the first of {record.steps:,} updates")

    def stage(self, doing: str) -> None:
        """Say what is being done, on a terminal at once, elsewhere if it takes long."""
        self._quiet()
        if not doing or self._bar is not None:
            return
        if stream_of(self._stream).isatty():
            self._status = console(self._stream).status(doing)
            self._status.start()
        else:
            self._later(doing)

    def part(self, fraction: float) -> None:
        """Advance the bar within an update, or print a line if it is time."""
        if self._readout is None:
            return
        self._readout.within(fraction)
        if not fraction:
            return
        if self._bar is not None:
            self._draw()
        elif self._due():
            self._print()

    def update(self, *, step: int, steps: int, epoch: int, epochs: int, values: Latest) -> None:
        """Advance the bar, or print a line if it is time and there is no terminal."""
        assert self._readout is not None, "the loop starts a display first"
        self._readout.moved(step=step, steps=steps, epoch=epoch, epochs=epochs, values=values)
        if self._bar is not None:
            self._draw()
            if step == steps:
                self._bar.stop()
                self._bar = None
            return
        self._quiet()
        tenth = step * LINES // steps
        if tenth > self._tenth or self._due():
            self._tenth = tenth
            self._print()

    def finish(self, health: HealthRecord) -> None:
        """Print the verdict, and suggestions if it is bad."""
        self._quiet()
        for word, text in tail_lines(health):
            style = verdict_style(health.verdict) if word == "verdict" else ""
            print_line(word, text, style=style, stream=self._stream)

    def close(self) -> None:
        """Restore the terminal, also after an interruption."""
        self._quiet()
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def _quiet(self) -> None:
        """End what :meth:`stage` has begun."""
        if self._status is not None:
            self._status.stop()
            self._status = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _later(self, doing: str) -> None:
        self._timer = Timer(PATIENCE, lambda: print_line("now", doing, stream=self._stream))
        self._timer.daemon = True
        self._timer.start()

    def _due(self) -> bool:
        assert self._readout is not None
        between = max(LATER, SHARE * self._readout.elapsed) if self._tenth else FIRST
        return time.perf_counter() - self._printed >= between

    def _print(self) -> None:
        assert self._readout is not None
        self._tenth = max(self._tenth, 1)
        parts = (self._readout.ahead, self._readout.text(), self._readout.times())
        print_line("epoch", "  ".join(part for part in parts if part), stream=self._stream)
        self._printed = time.perf_counter()

    def _open(self, steps: int) -> None:
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bar = Progress(
            BarColumn(bar_width=16),
            TextColumn("{task.fields[ahead]}"),
            TextColumn("{task.fields[text]}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console(self._stream),
            refresh_per_second=5,
        )
        self._task = self._bar.add_task("", total=steps, ahead="", text="first update", left="")
        self._bar.start()

    def _draw(self) -> None:
        assert self._bar is not None
        assert self._task is not None
        assert self._readout is not None
        ahead, left = self._readout.ahead, self._readout.left
        self._bar.update(
            self._task,
            completed=self._readout.position,
            ahead=ahead,
            text=self._readout.text(self._bar.console.width - OTHERS - len(ahead)),
            left="" if left is None else f"{clock(left)} left",
        )
