"""One cell of a study: the measurements of one training of a method."""

from __future__ import annotations

from dataclasses import dataclass, field

from nearfar.records._provenance_record import Provenance
from nearfar.records._record import Record

__all__ = ["CellRecord"]


@dataclass(frozen=True)
class CellRecord(Record):
    """Result of one training.

    Attributes:
        method: Name of the row.
        seed: Random seed of the training.
        fingerprint: Hash of everything that determines the result except the seed and nearfar's
            version.
        values: Accuracies, label-free measurements, ``seconds`` of wall-clock training time,
            ``cpu_seconds`` over all cores, and ``peak_memory`` in bytes.
        verdict: Label-free verdict; empty if nothing was trained.
        encoder: Description of the encoder.
        precision: Precision and device.
        notes: Notes of the run.
        failure: Reason for missing values, in one sentence; empty if there are values.
        provenance: Versions and machine.
    """

    method: str
    seed: int
    fingerprint: str
    provenance: Provenance
    values: dict[str, float] = field(default_factory=dict)
    verdict: str = ""
    encoder: str = ""
    precision: str = ""
    notes: tuple[str, ...] = ()
    failure: str = ""
