"""Comparison of several runs."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NotRequired, TypeAlias, TypedDict

from nearfar.records import HealthRecord, RunRecord, write_text

__all__ = ["ComparedRun", "compared", "write_comparison"]

_Measured: TypeAlias = Literal["alignment", "uniformity", "m_o", "m_r", "effective_rank"]
_MEASURED: tuple[_Measured, ...] = ("alignment", "uniformity", "m_o", "m_r", "effective_rank")


class ComparedRun(TypedDict):
    """A run in a comparison; measurements that were not made are missing.

    Attributes:
        run: Name of the run's directory.
        method: Name of the method.
        encoder: Name of the encoder and its number of parameters.
        epochs: Number of epochs.
        seconds: Training time in seconds.
        verdict: The label-free verdict.
        alignment: Alignment of two views.
        uniformity: Uniformity of the embeddings.
        m_o: Mean of the embeddings relative to their spread.
        m_r: Residual part of the embeddings.
        effective_rank: Effective rank of the embeddings.
    """

    run: str
    method: str
    encoder: str
    epochs: int
    seconds: int
    verdict: str
    alignment: NotRequired[float]
    uniformity: NotRequired[float]
    m_o: NotRequired[float]
    m_r: NotRequired[float]
    effective_rank: NotRequired[float]


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
