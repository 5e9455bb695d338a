"""Who reads a message: someone at the command line, or someone in Python."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

__all__ = ["named", "on_command_line", "resuming"]

_COMMAND_LINE: ContextVar[bool] = ContextVar("command line", default=False)


@contextmanager
def on_command_line() -> Iterator[None]:
    """Inside, messages name commands and flags instead of functions and arguments.

    Example:
        >>> named("batch_size"), resuming("my runs/a")
        ('`batch_size`', "nearfar.resume('my runs/a')")
        >>> with on_command_line():
        ...     named("batch_size"), resuming("my runs/a")
        ('`--batch-size`', "nearfar train --resume 'my runs/a'")
    """
    before = _COMMAND_LINE.set(True)
    try:
        yield
    finally:
        _COMMAND_LINE.reset(before)


def named(argument: str) -> str:
    """An argument as the reader types it, in backquotes."""
    if not _COMMAND_LINE.get():
        return f"`{argument}`"
    return f"`--{argument.replace('_', '-')}`"


def resuming(run: str | Path) -> str:
    """What the reader types to resume a run."""
    if _COMMAND_LINE.get():
        return f"nearfar train --resume {shlex.quote(str(run))}"
    return f"nearfar.resume({str(run)!r})"
