"""``nearfar compare``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from nearfar.cli._console import print_json, print_line
from nearfar.cli._next_commands import after_comparison, print_steps
from nearfar.cli._terminal_tables import print_comparison

__all__ = ["compare"]


def compare(runs: list[Path], /, *, report: Path | None = None, json: bool = False) -> None:
    """Compare the settings, measurements and verdicts of runs, and rank them, or say why not.

    Runs are ranked by how well their representations find the other view of the samples that all of
    them held out. Runs that differ in the seed alone are one setting.

    Args:
        runs: Directories of runs; RUN@best or RUN@140 is a checkpoint of a run.
        report: HTML page to write.
        json: Print JSON instead of a table: `runs` and `ranking`.
    """
    from nearfar import api

    rows = api.compare(runs, report=report)
    if json:
        found = None if rows.ranking is None else asdict(rows.ranking)
        print_json({"runs": list(rows), "ranking": found})
        return
    print_comparison(rows)
    if report is not None:
        print_line("saved", str(report))
    print_steps(after_comparison(runs, report=report))
