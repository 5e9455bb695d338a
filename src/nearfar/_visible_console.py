"""A console of rich on which control characters of any text are shown, not sent to a terminal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import final

from rich.console import Console
from rich.segment import Segment

from nearfar._visible_text import visible

__all__ = ["VisibleConsole"]


@final
class VisibleConsole(Console):
    """A console that sends only those control characters which rich itself has made."""

    def _render_buffer(self, buffer: Iterable[Segment]) -> str:
        return super()._render_buffer(
            part if part.control else Segment(visible(part.text), part.style) for part in buffer
        )
