"""The verdict on embeddings from any source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from nearfar.api._embedding import load_embeddings
from nearfar.diagnostics import geometry, health
from nearfar.records import GeometryRecord, HealthRecord, write_text

__all__ = ["diagnose_embeddings", "write_health"]


def diagnose_embeddings(embeddings: Any, second: Any, *, report: str | Path | None) -> HealthRecord:
    """The verdict on a matrix of embeddings, or on two views; see :func:`nearfar.diagnose`."""
    first, other = _tensor(embeddings), None
    if isinstance(embeddings, (str, Path)):
        first, other = load_embeddings(embeddings)
    other = other if second is None else _tensor(second)
    verdict = health(first, other)
    if report is not None:
        names = tuple(f"row {row}" for row in range(len(first)))
        write_health(report, verdict, geometry(first, other, ids=names))
    return verdict


def write_health(report: str | Path, verdict: HealthRecord, shape: GeometryRecord | None) -> None:
    """Write a verdict as an HTML page."""
    from nearfar.reports import render_health

    write_text(Path(report), render_health(verdict, shape))


def _tensor(values: Any) -> Tensor:
    if isinstance(values, (str, Path)):
        return load_embeddings(values)[0]
    tensor = torch.as_tensor(values)
    return tensor if tensor.is_floating_point() else tensor.float()
