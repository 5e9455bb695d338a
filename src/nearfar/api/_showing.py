"""Which display a call gets, and what an interruption in a notebook returns."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, cast

from nearfar._launchers import first_process
from nearfar._margin_lines import print_line
from nearfar.api._live_progress import Display
from nearfar.api._notebook_progress import NotebookDisplay, in_ipython, in_notebook
from nearfar.api._run_object import Run
from nearfar.training import Interrupted, Progress, Silent
from nearfar.training._guest import as_guest

__all__ = ["display_of", "showing"]

Arguments = ParamSpec("Arguments")


def display_of(progress: object) -> Progress:
    """The display for the argument `progress`: True for the usual one, False for none.

    Raises:
        TypeError: Neither a truth value nor a display.
    """
    if not first_process():
        return Silent()
    if progress is True:
        return NotebookDisplay() if in_notebook() else Display(stream="stderr")
    if progress is False or progress is None:  # None was the default of earlier versions
        return Silent()
    if isinstance(progress, type) or not isinstance(progress, Progress):
        raise TypeError(
            f"`progress` must be True, False or a nearfar.training.Progress, got {progress!r:.80}"
        )
    return progress


def showing(function: Callable[Arguments, Run]) -> Callable[Arguments, Run]:
    """Let a function that trains have a display, and leave the process as it was.

    The display is closed whatever happens.

    In an IPython session an interruption returns the stopped run, and says how to go on: the cell
    ends, and the next one can resume. Elsewhere :class:`nearfar.training.Interrupted` is raised.
    """

    @functools.wraps(function)
    def shown(*args: Arguments.args, **kwargs: Arguments.kwargs) -> Run:
        asked = kwargs.get("progress", True)
        display = display_of(asked)
        kwargs["progress"] = display
        try:
            with as_guest():
                return function(*args, **kwargs)
        except Interrupted as stop:
            if not in_ipython() or asked is not True:
                raise
            _close(display)
            print_line("stopped", str(stop))
            kind = kwargs.get("modality")
            return Run(stop.run, modality=None if isinstance(kind, str) else cast(None, kind))
        finally:
            if asked is True:
                _close(display)

    return shown


def _close(display: Progress) -> None:
    if isinstance(display, (Display, NotebookDisplay)):
        display.close()
