"""Label-free measurements with their reference values, and the verdict."""

from __future__ import annotations

from dataclasses import dataclass, field

from nearfar._signs import counted
from nearfar._verdict_names import is_good
from nearfar.records._markup import element
from nearfar.records._named_samples_record import NamedSamples
from nearfar.records._notebook import figure, scale, shown, table
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
        verdict: The gravest of the verdicts that hold: ``healthy``, ``complete collapse``, ...
        summary: The verdict with its evidence, in one sentence.
        findings: The evidence, one entry per measurement.
        advice: Suggested changes, most promising first; empty if healthy.
        measurements: All measurements by name, including those without a finding.
        samples: Number of rows measured.
        dim: Number of columns.
        notes: Notes on the data or the file, such as samples that were left out.
        remedies: Suggested changes of settings that `advice` names, with their values.
        verdicts: All verdicts that hold, gravest first.
        confidence: Calibrated probability that the run is what the verdict says, 0 to 1: of a good
            one sound, of an alarm no better than untrained; None where nothing was calibrated.
        stability: Share of random halves of the samples with the same verdict; None where it was
            not measured.
        not_judged: What could not be judged, each with the reason.
        named_samples: The samples that findings are about, by name.
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
    verdicts: tuple[str, ...] = ()
    confidence: float | None = None
    not_judged: tuple[str, ...] = ()
    named_samples: tuple[NamedSamples, ...] = ()
    stability: float | None = None

    @property
    def steadiness(self) -> str:
        """The stability as text; empty where it was not measured.

        >>> HealthRecord("healthy", "", (), (), {}, 200, 8, stability=0.95).steadiness
        'the same verdict on 95 % of random halves of the samples'
        """
        if self.stability is None:
            return ""
        return f"the same verdict on {100 * self.stability:.0f} % of random halves of the samples"

    @property
    def sureness(self) -> str:
        """The confidence as text; empty where there is none.

        >>> HealthRecord("healthy", "", (), (), {}, 200, 8, confidence=0.93).sureness
        '93 % of the runs with such readings in the calibration are sound'
        """
        if self.confidence is None:
            return ""
        outcome = "sound" if is_good(self.verdict) else "no better than untrained"
        share = f"{100 * self.confidence:.0f} %"
        return f"{share} of the runs with such readings in the calibration are {outcome}"

    @property
    def reservations(self) -> tuple[str, ...]:
        """What could not be judged, a line each."""
        return tuple(f"not judged: {line}" for line in self.not_judged)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What could not be judged, then the notes."""
        return (*self.reservations, *self.notes)

    def __repr__(self) -> str:
        """The verdict and the key numbers; the fields have the rest."""
        known = {name: self.measurements[name] for name in _KEY if name in self.measurements}
        numbers = [f"{name} {figure(value)}" for name, value in known.items()]
        parts = [f"{counted(self.samples, 'sample')} × {counted(self.dim, 'dimension')}", *numbers]
        if self.stability is not None:
            parts.append(f"stability {figure(self.stability)}")
        if self.advice:
            parts.append(f"{len(self.advice)} in advice")
        return f"<{self.verdict}: {', '.join(parts)}>"

    def _repr_html_(self) -> str:
        """For notebooks: the evidence on scales between reference values, and what to try."""
        rows = [
            {
                "measurement": _title(finding.name),
                "value": figure(finding.value),
                "": scale(finding.value, finding.anchors, healthy=finding.healthy) or "",
                "interpretation": finding.reading,
                "reference values": ", ".join(
                    f"{name.replace('_', ' ')} {figure(at)}" for name, at in finding.anchors.items()
                ),
            }
            for finding in self.findings
        ]
        words = ("interpretation", "reference values")
        tries = element("ul", *(element("li", line) for line in self.advice))
        noted = element("ul", *(element("li", note) for note in self.remarks))
        named = element("ul", *(element("li", each.sentence()) for each in self.named_samples))
        return shown(
            self.summary,
            element("p", f"Confidence: {self.sureness}.") if self.sureness else None,
            element("p", f"Stability: {self.steadiness}.") if self.steadiness else None,
            table(rows, left=words) if rows else None,
            element("p", "What to try:") if self.advice else None,
            tries if self.advice else None,
            element("details", element("summary", "Samples"), named)
            if self.named_samples
            else None,
            element("details", element("summary", "Notes"), noted) if self.remarks else None,
            healthy=is_good(self.verdict),
        )


def _title(name: str) -> str:
    """A name with spaces; ``m_o`` and ``m_r`` are symbols."""
    return name.replace("_", " ") if len(name) > 3 else name


_KEY = ("loss", "alignment", "uniformity", "m_o", "effective_rank")
