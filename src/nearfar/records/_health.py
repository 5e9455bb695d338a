"""Was it worth it: label-free measurements, their anchors, and a verdict in words."""

from __future__ import annotations

from dataclasses import dataclass, field

from nearfar.records._record import Record

__all__ = ["Finding", "HealthRecord"]


@dataclass(frozen=True)
class Finding(Record):
    """One measurement beside its anchors.

    Attributes:
        name: The diagnostic, as in ``nearfar.diagnostics``.
        value: What was measured.
        reading: The value in words: "views agree", "one direction holds everything".
        anchors: Values in known worlds: ``{"collapsed": 1.0, "isotropic": 0.02}``.
        healthy: Whether this measurement alone is in order; None where it cannot say.
    """

    name: str
    value: float
    reading: str
    anchors: dict[str, float] = field(default_factory=dict)
    healthy: bool | None = None


@dataclass(frozen=True)
class HealthRecord(Record):
    """The verdict on a matrix of embeddings, or on two views of it.

    Attributes:
        verdict: ``healthy``, ``complete collapse``, ``dimensional collapse`` or
            ``nothing learnt (loss at chance)``.
        summary: The verdict with its evidence, one sentence.
        findings: The evidence, one entry a measurement.
        advice: What to try, most promising first; empty if healthy.
        measurements: Every number by name, also those without a finding.
        samples: Rows measured.
        dim: Columns.
    """

    verdict: str
    summary: str
    findings: tuple[Finding, ...]
    advice: tuple[str, ...]
    measurements: dict[str, float]
    samples: int
    dim: int
