"""Effects between the columns of a row, and between the distributions of two rows."""

from __future__ import annotations

import statistics
from dataclasses import dataclass, replace
from typing import final

from nearfar.records import StudyRecord
from nearfar.studies._effects import Difference, OfColumn
from nearfar.studies._estimates import Estimate, of_seeds
from nearfar.studies._test_samples import RIGHT

__all__ = ["ColumnDifference", "QuantileDistance"]


@final
@dataclass(frozen=True)
class ColumnDifference(OfColumn):
    """Mean difference of two columns of a row, paired by seed and by test sample.

    Attributes:
        column: Column that should have the higher value.
        other: The other column.
        row: The row.
    """

    other: str
    row: str

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The difference, as of two rows with one column."""
        row = next((row for row in record.rows if row.name == self.row), None)
        if row is None or not (row.values.get(self.column) and row.values.get(self.other)):
            return []
        right, moved = f"{self.column}{RIGHT}", f"{self.other}{RIGHT}"
        second = replace(
            row,
            name=f"{self.other} of {self.row}",
            values={self.column: row.values[self.other]},
            words={right: row.words[moved]} if moved in row.words else {},
        )
        pair = replace(record, rows=(row, second))
        return Difference(self.column, self.row, second.name).estimates(pair)


@final
@dataclass(frozen=True)
class QuantileDistance:
    """Wasserstein distance of two rows' distributions, of which the quantiles are known.

    Attributes:
        columns: Columns of the quantiles, at equal steps.
        row: A row.
        than: The other row.
    """

    columns: tuple[str, ...]
    row: str
    than: str

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of both rows."""
        return (self.row, self.than)

    def unit(self, record: StudyRecord) -> str:
        """None: that of the columns."""
        return ""

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The mean over seeds of the mean absolute difference of the quantiles."""
        by_name = {row.name: row for row in record.rows}
        if not {self.row, self.than} <= by_name.keys():
            return []
        ours, theirs = (
            [by_name[name].by_seed(column) for column in self.columns] for name in self.rows
        )
        seeds = sorted(set.intersection(*map(set, (*ours, *theirs))))
        found = [
            statistics.fmean(abs(a[seed] - b[seed]) for a, b in zip(ours, theirs, strict=True))
            for seed in seeds
        ]
        label = f"distance of {self.row} and {self.than}"
        return [of_seeds(found, label=label)] if found else []
