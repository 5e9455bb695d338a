"""``nearfar diagnose``."""

from __future__ import annotations

from pathlib import Path

from nearfar.cli._console import print_json
from nearfar.cli._terminal_tables import print_health

__all__ = ["diagnose"]


def diagnose(embeddings: Path, /, *, report: Path | None = None, json: bool = False) -> None:
    """Check embeddings for collapse without labels; print a verdict and its evidence.

    Args:
        embeddings: Directory of a run, or a file of embeddings from any source: .npz, .npy,
            .parquet, or a table of numbers such as .csv.
        report: HTML page to write.
        json: Print JSON instead of a table.
    """
    from nearfar import api

    health = api.diagnose(embeddings, report=report)
    print_json(health.to_json()) if json else print_health(health)
