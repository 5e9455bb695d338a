"""The display of a study: cells finished, time gone and time left."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, final

from nearfar._margin_lines import Stream, console, print_line, stream_of
from nearfar.records import CellRecord

if TYPE_CHECKING:
    from rich.progress import Progress as Bar

__all__ = ["StudyProgress", "summary_of"]

Tell = Callable[[str], None]


@final
class StudyProgress:
    """A bar on a terminal, a line per finished cell elsewhere.

    Args:
        tell: Receives the lines; None for a bar or lines on a stream.
        stream: Where to print: ``stdout`` or ``stderr``.
    """

    def __init__(self, tell: Tell | None = None, *, stream: Stream = "stderr") -> None:
        self._tell, self._stream = tell, stream
        self._bar: Bar | None = None
        self._count = self._done = 0
        self._jobs, self._began = 1, time.monotonic()
        self._parts: dict[str, float] = {}

    def begin(self, count: int, *, finished: int, jobs: int) -> None:
        """Called before the first cell, with the number of cells to make and that are there."""
        self._count, self._jobs, self._began = count, jobs, time.monotonic()
        if finished > 0:
            self._line(f"{finished} of {finished + count} cells have already finished")
        if count and self._tell is None and stream_of(self._stream).isatty():
            from rich.progress import BarColumn as Column
            from rich.progress import Progress, TextColumn

            columns = TextColumn("{task.description}"), Column(), TextColumn("{task.fields[said]}")
            self._bar = Progress(*columns, console=console(self._stream), transient=True)
            self._bar.add_task("cells", total=count, said="")
            self._bar.start()

    def started(self, shown: str) -> None:
        """Called when a cell is begun."""
        self._parts[shown] = 0.0
        self._draw()

    def part(self, shown: str, fraction: float) -> None:
        """Called with the fraction of a cell that is complete."""
        self._parts[shown] = fraction
        self._draw()

    def finished(self, shown: str, record: CellRecord) -> None:
        """Called with the record of a finished or failed cell."""
        self._parts.pop(shown, None)
        self._done += 1
        left = self.left
        ahead = "" if left is None or self._done == self._count else f", {_clock(left)} left"
        self._line(f"{self._done}/{self._count} {shown}: {summary_of(record)}{ahead}")
        self._draw()

    def close(self) -> None:
        """Restore the terminal."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    @property
    def left(self) -> float | None:
        """Seconds left if the other cells take as long as those so far; None before the first."""
        made = self._done + sum(self._parts.values())
        if not made or not self._count:
            return None
        return (time.monotonic() - self._began) / made * (self._count - made)

    def _line(self, text: str) -> None:
        if self._tell is not None:
            self._tell(text)
        elif self._bar is not None:
            self._bar.console.print(text)
        else:
            print_line("", text, stream=self._stream)

    def _draw(self) -> None:
        if self._bar is None:
            return
        left = self.left
        said = f"{self._done}/{self._count}, {_clock(time.monotonic() - self._began)}"
        said += "" if left is None else f", {_clock(left)} left"
        made = self._done + sum(self._parts.values())
        self._bar.update(self._bar.task_ids[0], completed=made, said=said)


def summary_of(record: CellRecord) -> str:
    """The main results of a cell, in a few words."""
    if record.failure:
        return f"failed: {record.failure}"
    probes = [name for name in ("knn", "linear") if name in record.values]
    shown = [f"{name} {100 * record.values[name]:.1f} %" for name in probes]
    shown += [record.verdict] if record.verdict else []
    seconds = record.values.get("seconds")
    shown += [f"{seconds:,.0f} s"] if seconds is not None else []
    return ", ".join(shown) or "done"


def _clock(seconds: float) -> str:
    return f"{int(seconds) // 3600}:{int(seconds) // 60 % 60:02}:{int(seconds) % 60:02}"
