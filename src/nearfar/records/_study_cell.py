"""One cell of a study: a method, trained once from one seed, measured."""

from __future__ import annotations

from dataclasses import dataclass, field

from nearfar.records._provenance import Provenance
from nearfar.records._record import Record

__all__ = ["CellRecord"]


@dataclass(frozen=True)
class CellRecord(Record):
    """What came of one training.

    Attributes:
        method: Name of the row.
        seed: Of the training.
        fingerprint: Of everything that decides the result but the seed and nearfar's version.
        values: Accuracies, label-free measurements, ``seconds`` of training by the clock,
            ``cpu_seconds`` over all cores, ``peak_memory`` in bytes.
        verdict: The label-free one; empty for what was not trained.
        encoder: The encoder in words.
        precision: Arithmetic and device.
        notes: Of the run.
        failure: Why there are no values, in a sentence; empty if there are.
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
