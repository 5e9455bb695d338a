"""How good embeddings are, with labels."""

from __future__ import annotations

from dataclasses import dataclass

from nearfar.records._record import Record

__all__ = ["ProbeRecord", "ProbeRow"]


@dataclass(frozen=True)
class ProbeRow(Record):
    """Accuracies of one representation, each in [0, 1]."""

    representation: str
    knn: float
    linear: float
    mean_classifier: float


@dataclass(frozen=True)
class ProbeRecord(Record):
    """A table: trained encoder, untrained encoder, raw input."""

    data: str
    protocol: str
    classes: int
    rows: tuple[ProbeRow, ...]
