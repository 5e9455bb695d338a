"""``nearfar compare``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli._console import print_json, print_line
from nearfar.cli._next_commands import after_comparison, print_steps
from nearfar.cli._terminal_tables import print_rows

__all__ = ["compare"]

_ORDER = (
    *("run", "verdict", "method", "effective_rank", "alignment", "uniformity", "m_o"),
    *("epochs", "seconds", "encoder", "m_r"),
)
"""Columns from the most to the least important; a narrow terminal lacks the last ones."""


def compare(runs: list[Path], /, *, report: Path | None = None, json: bool = False) -> None:
    """Compare the settings, measurements and verdicts of runs.

    Args:
        runs: Directories of runs.
        report: HTML page to write.
        json: Print JSON instead of a table.
    """
    from nearfar import api

    rows = api.compare(runs, report=report)
    if json:
        print_json(rows)
        return
    columns = [name for name in _ORDER if any(name in row for row in rows)]
    shown = [{name: dict(row).get(name) for name in columns} for row in rows]
    print_rows(shown, ranked=_ORDER, elsewhere="--json or --report")
    if report is not None:
        print_line("saved", str(report))
    print_steps(after_comparison(runs, report=report))
