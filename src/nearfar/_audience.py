"""Who reads a message: someone at the command line, or someone in Python."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

__all__ = ["given", "named", "on_command_line", "resuming", "training"]

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


def given(**options: str) -> str:
    """Arguments with their values as the reader types them, in backquotes.

    >>> given(x="en", s="my fr")
    "`x`='en', `s`='my fr'"
    >>> with on_command_line():
    ...     given(x="en", s="my fr")
    "`--x en --s 'my fr'`"
    """
    if not _COMMAND_LINE.get():
        return ", ".join(f"`{name}`={value!r}" for name, value in options.items())
    return f"`{_flags(options)}`"


def training(method: str, data: object, **options: str) -> str:
    """What the reader types to train a method on data; an object in memory is called ``data``.

    >>> training("simclr", "a.csv", column="review")
    "nearfar.pretrain('simclr', 'a.csv', column='review')"
    >>> with on_command_line():
    ...     training("simclr", "a.csv", column="review")
    'nearfar train simclr --data a.csv --column review'
    """
    if _COMMAND_LINE.get():
        return f"nearfar train {method} {_flags({'data': str(data)} | options)}"
    spec = repr(str(data)) if isinstance(data, (str, Path)) else "data"
    arguments = [repr(method), spec, *(f"{n}={value!r}" for n, value in options.items())]
    return f"nearfar.pretrain({', '.join(arguments)})"


def _flags(options: Mapping[str, str]) -> str:
    return " ".join(
        f"--{name.replace('_', '-')} {shlex.quote(value)}" for name, value in options.items()
    )


def resuming(run: str | Path) -> str:
    """What the reader types to resume a run."""
    if _COMMAND_LINE.get():
        return f"nearfar train --resume {shlex.quote(str(run))}"
    return f"nearfar.resume({str(run)!r})"
