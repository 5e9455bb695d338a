"""Label-free measurements with their reference values, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field

from nearfar.records._record import Record
from nearfar.records._remedy_record import Remedy

__all__ = ["Finding", "HealthRecord"]


@dataclass(frozen=True)
class Finding(Record):
    """One measurement with its reference values.

    Attributes:
        name: Name of the diagnostic in ``nearfar.diagnostics``.
        value: Measured value.
        reading: Interpretation of the value: "views agree", "few directions carry the variance".
        anchors: Reference values in known cases: ``{"collapsed": 1.0, "isotropic": 0.02}``.
        healthy: Whether this measurement is healthy by itself; None if it does not decide.
    """

    name: str
    value: float
    reading: str
    anchors: dict[str, float] = field(default_factory=dict)
    healthy: bool | None = None


@dataclass(frozen=True)
class HealthRecord(Record):
    """The verdict on the embeddings of one view of each sample, or of two views.

    Attributes:
        verdict: ``healthy``, ``complete collapse``, ``dimensional collapse`` or
            ``nothing learnt (loss at chance)``.
        summary: The verdict with its evidence, in one sentence.
        findings: The evidence, one entry per measurement.
        advice: Suggested changes, most promising first; empty if healthy.
        measurements: All measurements by name, including those without a finding.
        samples: Number of rows measured.
        dim: Number of columns.
        notes: Notes on the data or the file, such as samples that were left out.
        remedies: Suggested changes of settings that `advice` names, with their values.
    """

    verdict: str
    summary: str
    findings: tuple[Finding, ...]
    advice: tuple[str, ...]
    measurements: dict[str, float]
    samples: int
    dim: int
    notes: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
