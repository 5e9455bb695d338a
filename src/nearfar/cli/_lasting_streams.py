"""Standard output and error that never stop a command, whatever becomes of their reader."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import Any, final

from nearfar._visible_text import PLAIN

__all__ = ["lasting_streams", "printable_streams"]


@contextmanager
def printable_streams() -> Iterator[None]:
    """Both streams exist inside, and characters that their encoding lacks become similar ones."""
    with ExitStack() as streams:
        for name, redirect in (("stdout", redirect_stdout), ("stderr", redirect_stderr)):
            if getattr(sys, name) is None:  # closed by the caller
                nowhere = streams.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
                streams.enter_context(redirect(nowhere))
            reconfigure = getattr(getattr(sys, name), "reconfigure", None)
            if reconfigure is not None:
                reconfigure(errors=PLAIN)
        yield


@contextmanager
def lasting_streams() -> Iterator[None]:
    """Both streams, inside, take what is printed also when their reader or terminal has gone."""
    with redirect_stdout(_Lasting(sys.stdout)), redirect_stderr(_Lasting(sys.stderr)):
        yield


@final
class _Lasting:
    """A stream whose writes do nothing once one of them has failed.

    Args:
        stream: The stream.
    """

    def __init__(self, stream: Any) -> None:
        self._stream, self._gone = stream, False

    def write(self, text: str) -> int:
        """Write text, while there is a reader."""
        self._try(lambda: self._stream.write(text))
        return len(text)

    def flush(self) -> None:
        """Send what is written, while there is a reader."""
        self._try(self._stream.flush)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def _try(self, act: Callable[[], object]) -> None:
        if self._gone:
            return
        try:
            act()
        except (OSError, ValueError):  # a closed pipe, a terminal that went away, a closed stream
            self._gone = True
            with suppress(OSError, ValueError, AttributeError):  # so that nothing is left to flush
                os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())
