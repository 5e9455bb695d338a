"""Stopping on request: finish the current update, write a checkpoint, then stop."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any, final

__all__ = ["Interrupted", "NonFiniteLossError", "StopRequest"]


class Interrupted(KeyboardInterrupt):
    """The user stopped the run; its state is saved, and the message says how to resume it."""


class NonFiniteLossError(ArithmeticError):
    """The loss became NaN or infinite; the message names the samples and the last checkpoint."""


@final
class StopRequest:
    """A context in which Ctrl-C and SIGTERM only set a flag; a second Ctrl-C interrupts at once."""

    def __init__(self) -> None:
        self.asked = False
        self._earlier: dict[int, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._earlier[number] = signal.signal(number, self._ask)
        return self

    def _ask(self, number: int, frame: FrameType | None) -> None:
        if self.asked and number == signal.SIGINT:
            raise KeyboardInterrupt
        self.asked = True

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._earlier.items():
            signal.signal(number, handler)
