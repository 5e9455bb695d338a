"""Results of probes, which evaluate embeddings with labels."""

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
    """Accuracies of the trained encoder, an untrained encoder and raw features."""

    data: str
    protocol: str
    classes: int
    rows: tuple[ProbeRow, ...]
