"""``nearfar report``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli._console import print_line
from nearfar.cli._next_commands import after_report, print_steps
from nearfar.cli._terminal_tables import print_notes

__all__ = ["report"]


def report(run: Path, /) -> None:
    """Regenerate the report of a run: one HTML file that opens offline.

    Args:
        run: Directory of a run; a stopped run is measured at its last checkpoint, if its data are
            where they were.
    """
    from nearfar import api

    loaded = api.load(run)
    page = loaded.report()
    print_notes(loaded.state_notes)
    print_line("report", str(page))
    print_steps(after_report(loaded))
