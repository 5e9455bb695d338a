"""The progress of a command in steps, on standard error: a bar, or a line for each slow step."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, final

from nearfar._margin_lines import console

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["StepProgress"]

_SLOW: Final = 10.0  # seconds between two lines where there is no terminal


@final
class StepProgress:
    """Shows what a command does next and how far it is; results alone go to standard output.

    Args:
        word: Name of the command, in the margin of a line.

    Example:
        >>> with StepProgress("probe") as progress:
        ...     progress.show("features", 0, 2)
    """

    def __init__(self, word: str) -> None:
        self._word = word
        self._bar: Progress | None = None
        self._task: TaskID | None = None
        self._last = time.monotonic()

    def __enter__(self) -> Self:
        if sys.stderr.isatty():
            from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

            self._bar = Progress(
                BarColumn(bar_width=16),
                TextColumn("{task.completed}/{task.total}"),
                TextColumn("{task.description}"),
                TimeElapsedColumn(),
                console=console("stderr"),
                transient=True,
            )
            self._task = self._bar.add_task("data", total=None)
            self._bar.start()
        return self

    def show(self, text: str, done: int, steps: int) -> None:
        """Show the next step and the number of steps done."""
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, description=text, completed=done, total=steps)
        elif time.monotonic() - self._last > _SLOW:
            self._last = time.monotonic()
            print(f"{self._word:<8} {done:,}/{steps:,} {text}", file=sys.stderr, flush=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.stop()
