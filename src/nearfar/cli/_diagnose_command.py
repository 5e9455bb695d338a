"""``nearfar diagnose``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli._console import print_json, print_line
from nearfar.cli._next_commands import after_diagnosis, print_steps
from nearfar.cli._terminal_tables import print_health

__all__ = ["diagnose"]


def diagnose(embeddings: Path, /, *, report: Path | None = None, json: bool = False) -> None:
    """Check embeddings for collapse without labels; print a verdict and its evidence.

    Args:
        embeddings: Directory of a run, or a file of embeddings from any source: .npz, .npy,
            .parquet, or a table of numbers such as .csv. A stopped run is measured at its last
            checkpoint, for which its data must be where they were.
        report: HTML page to write.
        json: Print JSON instead of a table.
    """
    from nearfar import api
    from nearfar.api._run_format import names_run

    run = api.load(embeddings) if names_run(embeddings) else None
    health = api.diagnose(embeddings, report=report) if run is None else run.diagnose(report=report)
    if json:
        print_json(health.to_json())
        return
    print_health(health)
    if report is not None:
        print_line("saved", str(report))
    print_steps(after_diagnosis(embeddings, run, report=report))
