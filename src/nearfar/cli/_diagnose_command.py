"""``nearfar diagnose``."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from nearfar.cli._console import print_json, print_line
from nearfar.cli._next_commands import after_diagnosis, print_steps
from nearfar.cli._terminal_tables import print_health

__all__ = ["diagnose"]


def diagnose(
    embeddings: Path,
    /,
    *,
    data: str | None = None,
    report: Path | None = None,
    layer: str | None = None,
    pool: Literal["mean", "max", "cls", "last", "flat"] | None = None,
    json: bool = False,
) -> None:
    """Check embeddings for collapse without labels; print a verdict and its evidence.

    Args:
        embeddings: Directory of a run, or a file of embeddings from any source: .npz, .npy,
            .parquet, or a table of numbers such as .csv. A stopped run is measured at its last
            checkpoint, for which its data must be where they were.
        data: Data whose representations by the run are diagnosed instead of its stored verdict.
        report: HTML page to write.
        layer: Layer of the run's encoder whose features are diagnosed: the name of a module, or its
            number (-1 for the last); of the data that the run was trained on by default.
        pool: Pooling of the layer's tokens, time steps or places to one row per sample.
        json: Print JSON instead of a table.
    """
    from nearfar import api
    from nearfar.api._run_format import names_run

    run = api.load(embeddings) if names_run(embeddings) else None
    judged = embeddings if run is None else run
    health = api.diagnose(judged, data=data, report=report, layer=layer, pool=pool)
    if json:
        print_json(health.to_json())
        return
    print_health(health)
    if report is not None:
        print_line("saved", str(report))
    print_steps(after_diagnosis(embeddings, run, report=report))
