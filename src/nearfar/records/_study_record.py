"""The results of a study: a table over seeds, and the verdicts on the study's claims."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

from nearfar._signs import counted
from nearfar.records._notebook import figure, shown, table
from nearfar.records._provenance_record import Provenance
from nearfar.records._record import Record

__all__ = ["ClaimRecord", "Column", "StudyRecord", "StudyRow"]


@dataclass(frozen=True)
class Column(Record):
    """A column of a study's table.

    Attributes:
        key: Name of the column in :class:`StudyRow`.
        title: Heading.
        kind: Format of values: ``percent`` (for a fraction in [0, 1]), ``number``, ``seconds``,
            ``bytes`` or ``words``.
        meaning: Explanation of the heading, in one sentence.
    """

    key: str
    title: str
    kind: str = "number"
    meaning: str = ""


@dataclass(frozen=True)
class StudyRow(Record):
    """One row of a study's table.

    Attributes:
        name: Name of the measured method or baseline.
        values: By column, one value per seed.
        words: By column, one text per seed.
        seeds: Planned number of seeds.
        baseline: Whether the row is a baseline.
        failures: For each seed without values, the reason, in one sentence.
    """

    name: str
    values: dict[str, tuple[float, ...]] = field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seeds: int = 1
    baseline: bool = False
    failures: tuple[str, ...] = ()

    def mean(self, column: str) -> float | None:
        """Mean over the seeds; None if nothing was measured."""
        values = self.values.get(column, ())
        return statistics.fmean(values) if values else None

    def spread(self, column: str) -> float | None:
        """Standard deviation over the seeds (n − 1); None for fewer than two.

        >>> round(StudyRow("a", values={"linear": (0.5, 0.7)}).spread("linear"), 3)
        0.141
        """
        values = self.values.get(column, ())
        return statistics.stdev(values) if len(values) > 1 else None


@dataclass(frozen=True)
class ClaimRecord(Record):
    """A falsifiable statement about a study's result, and its outcome.

    Attributes:
        text: The claim.
        holds: Whether the measurements support it; None if they are inconclusive.
        evidence: The measurements.
    """

    text: str
    holds: bool | None = None
    evidence: str = ""

    @property
    def verdict(self) -> str:
        """``held``, ``did not hold`` or ``open``."""
        return "open" if self.holds is None else "held" if self.holds else "did not hold"


@dataclass(frozen=True)
class StudyRecord(Record):
    """A study's table, its claims, and the settings that reproduce it.

    Attributes:
        study: Name of the study.
        name: Name of its files: the study and its data.
        title: What is compared, and on which data.
        claim: The statement under test, in one sentence.
        setting: The fixed settings by name, as text.
        config: The study's configuration as given.
        command: Command line that reproduces the study.
        columns: Columns of the table, in order.
        rows: Rows of the table, in order.
        claims: The claims with their outcomes.
        notes: Notes for the reader.
        provenance: Versions and machine.
    """

    study: str
    name: str
    title: str
    claim: str
    setting: dict[str, str]
    config: dict[str, Any]
    command: str
    columns: tuple[Column, ...]
    rows: tuple[StudyRow, ...]
    provenance: Provenance
    claims: tuple[ClaimRecord, ...] = ()
    notes: tuple[str, ...] = ()

    def row(self, name: str) -> StudyRow | None:
        """The row of this name, if it exists and has a value."""
        return next((row for row in self.rows if row.name == name and row.values), None)

    def __repr__(self) -> str:
        """The study, its rows and the outcome of its claims."""
        claims = ", ".join(claim.verdict for claim in self.claims) or "none"
        return f"<study {self.name}: {counted(len(self.rows), 'row')}; claims: {claims}>"

    def _repr_html_(self) -> str:
        """For notebooks: the means of the numeric columns, and the claims."""
        columns = [column for column in self.columns if column.kind != "words"]
        rows = [
            {"": row.name} | {each.title: _mean(row, each) for each in columns} for row in self.rows
        ]
        claims = [
            {"claim": claim.text, "outcome": claim.verdict, "evidence": claim.evidence}
            for claim in self.claims
        ]
        return shown(
            self.title,
            table(rows),
            table(claims, left=("outcome", "evidence")) if claims else None,
            healthy=self.held if self.claims else None,
        )

    @property
    def held(self) -> bool:
        """Whether no claim was refuted and nothing failed."""
        failed = any(row.failures for row in self.rows)
        return not failed and all(claim.holds is not False for claim in self.claims)


def _mean(row: StudyRow, column: Column) -> str:
    mean = row.mean(column.key)
    return "–" if mean is None else figure(100 * mean if column.kind == "percent" else mean)
