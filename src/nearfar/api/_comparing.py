"""Comparison of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nearfar.records import HealthRecord, RunRecord, write_text

__all__ = ["compared", "write_comparison"]

_MEASURED = ("alignment", "uniformity", "m_o", "m_r", "effective_rank")


def compared(record: RunRecord, verdict: HealthRecord) -> dict[str, Any]:
    """One row of a comparison."""
    row = {
        "run": record.name,
        "method": record.method,
        "encoder": record.encoder,
        "epochs": record.epochs,
        "seconds": round(record.seconds),
        "verdict": verdict.verdict,
    }
    measured = verdict.measurements
    return row | {name: round(measured[name], 3) for name in _MEASURED if name in measured}


def write_comparison(report: str | Path, runs: Sequence[Path]) -> None:
    """Write an HTML page with the curves of several runs.

    Args:
        report: Path of the page.
        runs: Directories of the runs.
    """
    from nearfar.reports import render_comparison

    write_text(Path(report), render_comparison(list(runs)))
