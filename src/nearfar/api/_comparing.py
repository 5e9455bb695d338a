"""Comparison of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, TypeAlias, TypedDict

from nearfar.records import HealthRecord, RunRecord, write_text

__all__ = ["ComparedRun", "compared", "write_comparison"]

_Name: TypeAlias = Literal["alignment", "uniformity", "m_o", "m_r", "effective_rank"]
_MEASURED: tuple[_Name, ...] = ("alignment", "uniformity", "m_o", "m_r", "effective_rank")


class _Measured(TypedDict, total=False):
    alignment: float
    uniformity: float
    m_o: float
    m_r: float
    effective_rank: float


class ComparedRun(_Measured):
    """A run in a comparison; measurements that were not made are missing.

    Attributes:
        run: Name of the run's directory.
        method: Name of the method.
        encoder: Name of the encoder and its number of parameters.
        epochs: Number of epochs.
        seconds: Training time in seconds.
        verdict: The label-free verdict.
        alignment: Mean squared distance between the embeddings of two views.
        uniformity: Uniformity of the embeddings on the sphere.
        m_o: Magnitude of the embeddings' centre, from 0 to 1.
        m_r: Magnitude of their residuals, from 0 to 1.
        effective_rank: Effective rank of the embeddings.
    """

    run: str
    method: str
    encoder: str
    epochs: int
    seconds: int
    verdict: str


def compared(record: RunRecord, verdict: HealthRecord) -> ComparedRun:
    """One row of a comparison."""
    row = ComparedRun(
        run=record.name,
        method=record.method,
        encoder=record.encoder,
        epochs=record.epochs,
        seconds=round(record.seconds),
        verdict=verdict.verdict,
    )
    for name in _MEASURED:
        if name in verdict.measurements:
            row[name] = round(verdict.measurements[name], 3)
    return row


def write_comparison(report: str | Path, runs: Sequence[Path]) -> None:
    """Write an HTML page with the curves of several runs.

    Args:
        report: Path of the page.
        runs: Directories of the runs.
    """
    from nearfar.reports import render_comparison

    write_text(Path(report), render_comparison(list(runs)))
