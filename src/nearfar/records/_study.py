"""What a study found: a table over seeds, and what it says of the study's claims."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

from nearfar.records._provenance import Provenance
from nearfar.records._record import Record

__all__ = ["ClaimRecord", "Column", "StudyRecord", "StudyRow"]


@dataclass(frozen=True)
class Column(Record):
    """A column of a study's table.

    Attributes:
        key: Its name in :class:`StudyRow`.
        title: Its heading.
        kind: How a value is written: ``percent`` (a share in [0, 1]), ``number``, ``seconds``,
            ``bytes`` or ``words``.
        meaning: What the heading stands for, in a sentence.
    """

    key: str
    title: str
    kind: str = "number"
    meaning: str = ""


@dataclass(frozen=True)
class StudyRow(Record):
    """One line of a study's table.

    Attributes:
        name: What was measured.
        values: By column, a value for each seed.
        words: By column, a text for each seed.
        seeds: How many seeds there should be.
        baseline: Whether it is only there to be compared with.
        failures: Why a seed has no values, one sentence each.
    """

    name: str
    values: dict[str, tuple[float, ...]] = field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seeds: int = 1
    baseline: bool = False
    failures: tuple[str, ...] = ()

    def mean(self, column: str) -> float | None:
        """Over the seeds; None where nothing was measured."""
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
    """A sentence that a study can prove wrong, and whether it did.

    Attributes:
        text: The claim.
        holds: Whether the numbers bear it out; None where they cannot say.
        evidence: The numbers.
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
    """A study's table, its claims, and what one must know to repeat it.

    Attributes:
        study: Name of the study.
        name: Of its files: the study and its data.
        title: What it compares, on which data.
        claim: What it is to show, in one sentence.
        setting: What was held fixed, in words, by name.
        config: The study's configuration as it was given.
        command: The command line that repeats it.
        columns: Of the table, in order.
        rows: Of the table, in order.
        claims: What was claimed, and what came of it.
        notes: What a reader must know, in words.
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
        """The row of this name, if there is one with a value."""
        return next((row for row in self.rows if row.name == name and row.values), None)

    @property
    def held(self) -> bool:
        """Whether no claim was proved wrong and nothing failed."""
        failed = any(row.failures for row in self.rows)
        return not failed and all(claim.holds is not False for claim in self.claims)
