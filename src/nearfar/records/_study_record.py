"""The results of a study: a table over seeds, and the verdicts on the study's claims."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, field
from typing import Any

from nearfar._signs import counted
from nearfar.records._notebook import figure, shown, table
from nearfar.records._provenance_record import Provenance
from nearfar.records._record import Record
from nearfar.records._study_claim import ClaimRecord, StudyFigure

__all__ = ["Column", "StudyRecord", "StudyRow"]


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
        group: Name of the rows that a sweep is made of.
        seed_numbers: The seed of each value; 0, 1, ... if empty.
    """

    name: str
    values: dict[str, tuple[float, ...]] = field(default_factory=dict)
    words: dict[str, tuple[str, ...]] = field(default_factory=dict)
    seeds: int = 1
    baseline: bool = False
    failures: tuple[str, ...] = ()
    group: str = ""
    seed_numbers: tuple[int, ...] = ()

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

    def by_seed(self, column: str) -> dict[int, float]:
        """The value of each seed that has one.

        >>> StudyRow("a", values={"linear": (0.5, 0.7)}, seed_numbers=(0, 2)).by_seed("linear")
        {0: 0.5, 2: 0.7}
        """
        values = self.values.get(column, ())
        seeds = self.seed_numbers or tuple(range(len(values)))
        return dict(zip(seeds, values, strict=True)) if len(seeds) == len(values) else {}


@dataclass(frozen=True)
class StudyRecord(Record):
    """A study's table, its claims, and the settings that reproduce it.

    Attributes:
        study: Name of the study.
        name: Name of its files: the study and its budget.
        title: What is compared, and on which data.
        claim: The question, in one sentence.
        setting: The fixed settings by name, as text.
        config: The study's configuration as given.
        command: Command line that reproduces the study.
        columns: Columns of the table, in order.
        rows: Rows of the table, in order.
        claims: The claims with their verdicts.
        notes: Notes for the reader.
        provenance: Versions and machine.
        ids: Numbers of the claims in the list of the literature's claims.
        source: The paper, and its table or figure.
        budget: Name of the budget.
        changes: What differs from the source.
        cpu_seconds: CPU time of all cells, in seconds.
        cells: Number of cells.
        figure: The figure; None for a plot of the columns of accuracies.
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
    ids: tuple[str, ...] = ()
    source: str = ""
    budget: str = ""
    changes: tuple[str, ...] = ()
    cpu_seconds: float | None = None
    cells: int | None = None
    figure: StudyFigure | None = None

    def row(self, name: str) -> StudyRow | None:
        """The row of this name, if it exists and has a value."""
        return next((row for row in self.rows if row.name == name and row.values), None)

    def column(self, key: str) -> Column | None:
        """The column of this key, if it exists."""
        return next((column for column in self.columns if column.key == key), None)

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
            {
                "claim": claim.text,
                "verdict": claim.outcome,
                "effect": claim.effect_text,
                "evidence": claim.evidence,
            }
            for claim in self.claims
        ]
        return shown(
            self.title,
            table(rows),
            table(claims, left=("verdict", "effect", "evidence")) if claims else None,
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
