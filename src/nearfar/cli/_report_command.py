"""``nearfar report``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli._console import print_line

__all__ = ["report"]


def report(run: Path, /) -> None:
    """Regenerate the report of a run: one HTML file that opens offline.

    Args:
        run: Directory of a run.
    """
    from nearfar import api

    print_line("report", str(api.report(run)))
