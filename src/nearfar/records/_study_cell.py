"""One cell of a study: the values of one training, or of one computation."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from nearfar.records._provenance_record import Provenance
from nearfar.records._record import Record

__all__ = ["CellRecord"]


@dataclass(frozen=True)
class CellRecord(Record):
    """Result of one cell.

    Attributes:
        method: Method or baseline of a training; function of a computation.
        seed: Random seed.
        fingerprint: Hash of everything that determines the result except the seed.
        values: Accuracies and other measurements at the end, ``seconds`` by the clock,
            ``cpu_seconds`` over all cores, and ``peak_memory`` in bytes.
        verdict: Label-free verdict; empty if nothing was trained.
        encoder: Description of the encoder.
        precision: Precision and device.
        notes: Notes of the run.
        failure: Reason for missing values, in one sentence; empty if there are values.
        provenance: Versions and machine.
        words: Results that are text, by name.
        readings: Series of values: of a training one entry per measured checkpoint, with ``step``
            and ``epoch``; of a computation whatever its function returned.
        measured: What was measured, each with its arguments and its version.
        cell: Description of the cell: everything that determines its result.
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
    words: dict[str, str] = field(default_factory=dict)
    readings: tuple[dict[str, Any], ...] = ()
    measured: tuple[str, ...] = ()
    cell: dict[str, Any] = field(default_factory=dict)
