"""Several runs as a comparison: their rows, their ranking, a page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nearfar.api._compared_encoders import compared_encoders
from nearfar.api._comparing import Comparison, compared, write_comparison
from nearfar.api._ranking import names_of, ranked
from nearfar.api._stored_run import StoredRun

__all__ = ["compared_runs"]


def compared_runs(
    runs: Sequence[StoredRun], *, report: str | Path | None = None, data: Any = None
) -> Comparison:
    """One row per run, and the ranking of two or more.

    Args:
        runs: The runs.
        report: HTML page to write.
        data: The data, if the runs were trained on an object in memory.
    """
    names = names_of(runs)
    ranking = ranked(runs, names, data=data) if len(runs) > 1 else None
    if report is not None:
        encoders = compared_encoders(runs, names) if len(runs) > 1 else None
        paths = list(dict.fromkeys(run.path for run in runs))  # its curves are of whole runs
        write_comparison(report, paths, encoders=encoders, ranking=ranking)
    rows = [
        compared(run.record, run.health, name=name) for run, name in zip(runs, names, strict=True)
    ]
    found = Comparison(rows, metrics=[run.metrics for run in runs], ranking=ranking)
    found.paths = tuple(run.path for run in runs)
    return found
