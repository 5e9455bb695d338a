"""Lines of output with a keyword in the margin, to a terminal or a file."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from nearfar._verdict_names import is_good
from nearfar._visible_text import visible

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Stream", "console", "print_line", "stream_of", "verdict_style"]

Stream: TypeAlias = Literal["stdout", "stderr"]
WIDE = 200  # columns of output to a file or a pipe, so that lines are not folded


def stream_of(name: Stream) -> Any:
    """The stream by its name, as it is now: programs and tests put other objects there."""
    return getattr(sys, name)


def console(name: Stream = "stdout") -> Console:
    """A rich console on standard output or standard error."""
    from nearfar._visible_console import VisibleConsole

    free = stream_of(name).isatty() or "COLUMNS" in os.environ
    return VisibleConsole(highlight=False, width=None if free else WIDE, stderr=name == "stderr")


def print_line(word: str, text: str, *, style: str = "", stream: Stream = "stdout") -> None:
    """Print one line of output: a keyword in the margin, then the text."""
    from rich.table import Table
    from rich.text import Text

    if not stream_of(stream).isatty():
        print(visible(f"{word:<8} {text}"), flush=True, file=stream_of(stream))
        return
    grid = Table.grid(padding=(0, 1))
    grid.add_column(min_width=8)
    grid.add_row(Text(word, style="bold"), Text(text, style=style))
    console(stream).print(grid)


def verdict_style(verdict: str) -> str:
    """Green for a good verdict, red for an alarm."""
    return "green" if is_good(verdict) else "red"
