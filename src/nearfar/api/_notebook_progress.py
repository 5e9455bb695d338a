"""The live display of a run in a notebook: one output, replaced as the run goes on."""

from __future__ import annotations

import html
import sys
import time
from typing import Any, final

from nearfar._margin_lines import verdict_style
from nearfar.api._readout import Readout, head_lines, tail_lines
from nearfar.records import HealthRecord, RunRecord
from nearfar.training import Latest

__all__ = ["NotebookDisplay", "in_ipython", "in_notebook"]

BETWEEN = 0.25  # seconds between two changes of the output
_CELL = "padding: 0 1em 0 0; text-align: left; vertical-align: top"


def in_ipython() -> bool:
    """Whether this is an IPython session, in a notebook or a terminal."""
    return _shell() is not None


def in_notebook() -> bool:
    """Whether this is the kernel of a notebook, which shows HTML."""
    return getattr(_shell(), "kernel", None) is not None


def _shell() -> Any:
    """The running IPython shell; a session has imported IPython, so nothing is imported here."""
    module = sys.modules.get("IPython")
    return module.get_ipython() if module is not None else None


@final
class _Panel:
    """What the notebook shows: lines, and a bar while the run goes on."""

    def __init__(self, lines: list[tuple[str, str]], *, fraction: float | None, style: str) -> None:
        self._lines, self._fraction, self._style = lines, fraction, style

    def __repr__(self) -> str:
        return "\n".join(f"{word:<8} {text}" for word, text in self._lines)

    def _repr_html_(self) -> str:
        rows = []
        for word, text in self._lines:
            color = f"; color: {self._style}" if word == "verdict" and self._style else ""
            rows.append(
                f'<tr><th style="{_CELL}">{html.escape(word)}</th>'
                f'<td style="{_CELL}{color}">{html.escape(text)}</td></tr>'
            )
        bar = ""
        if self._fraction is not None:
            bar = f'<progress value="{self._fraction:.4f}" max="1" style="width: 20em"></progress>'
        return f"<table>{''.join(rows)}</table>{bar}"


@final
class NotebookDisplay:
    """Display of a run's progress as one output of a notebook cell; needs no widgets.

    When the run ends, the bar is replaced by the verdict.
    """

    def __init__(self) -> None:
        self._handle: Any = None
        self._head: list[tuple[str, str]] = []
        self._readout: Readout | None = None
        self._drawn = 0.0

    def start(self, record: RunRecord) -> None:
        """Show the data, the method, theory's expectations and any notes."""
        self._head, self._readout = head_lines(record), Readout(record)
        self._draw(("now", "first update"), fraction=0.0)

    def stage(self, doing: str) -> None:
        """Show what is being done."""
        self._draw(*([("now", doing)] if doing else []), fraction=self._fraction())

    def part(self, fraction: float) -> None:
        """Advance the bar within an update."""
        if self._readout is not None:
            self._readout.within(fraction)
            self._advance(last=False)

    def update(self, *, step: int, steps: int, epoch: int, epochs: int, values: Latest) -> None:
        """Advance the bar."""
        assert self._readout is not None, "the loop starts a display first"
        self._readout.moved(step=step, steps=steps, epoch=epoch, epochs=epochs, values=values)
        self._advance(last=step == steps)

    def finish(self, health: HealthRecord) -> None:
        """Replace the bar by the verdict, with suggestions if it is bad."""
        self._draw(*self._reached(), *tail_lines(health), style=verdict_style(health.verdict))

    def close(self) -> None:
        """Take the bar away, also after an interruption."""
        if self._readout is not None and self._fraction() != 1:
            self._draw(*self._reached())
        elif self._readout is None and self._handle is not None:
            self._draw()

    def _fraction(self) -> float | None:
        return None if self._readout is None else self._readout.position / self._readout.steps

    def _reached(self) -> list[tuple[str, str]]:
        """Where the run is, with its latest numbers."""
        if self._readout is None:
            return []
        parts = (self._readout.ahead, self._readout.text(), self._readout.times())
        return [("epoch", "  ".join(part for part in parts if part))]

    def _advance(self, *, last: bool) -> None:
        if last or time.perf_counter() - self._drawn >= BETWEEN:
            self._draw(*self._reached(), fraction=self._fraction())

    def _draw(
        self, *lines: tuple[str, str], fraction: float | None = None, style: str = ""
    ) -> None:
        self._drawn = time.perf_counter()
        panel = _Panel([*self._head, *lines], fraction=fraction, style=style)
        if self._handle is not None:
            self._handle.update(panel)
        elif (module := sys.modules.get("IPython.display")) is not None:
            self._handle = module.display(panel, display_id=True)
