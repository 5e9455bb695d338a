"""Rows chosen by one quantity and compared by another, such as a validation and a test accuracy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, final

from nearfar.records import StudyRecord
from nearfar.studies._effects import Difference, OfColumn
from nearfar.studies._estimates import Estimate

__all__ = ["VALIDATION", "BestOfEach"]

VALIDATION: Final = "nearfar.studies._chosen_rows:validation_linear"
"""The accuracy by which rows are chosen, by reference: its module imports PyTorch."""


@final
@dataclass(frozen=True)
class BestOfEach(OfColumn):
    """Mean difference of the best rows of two lists, paired by seed; each is chosen by `by`.

    The choice is the same for all seeds, by the mean over them.

    Attributes:
        column: Column of the values that are compared.
        among: Names of the rows, the best of which should have the higher value.
        others: Names of the rows that it is compared with, the best of these.
        by: Column by which the best are chosen.
    """

    among: tuple[str, ...]
    others: tuple[str, ...]
    by: str

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of all rows."""
        return (*self.among, *self.others)

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The difference of the chosen rows; none if a row was not measured."""
        means = {row.name: row.mean(self.by) for row in record.rows if row.name in self.rows}
        known = {name: mean for name, mean in means.items() if mean is not None}
        if len(known) < len(set(self.rows)):
            return []
        best, other = (max(names, key=known.__getitem__) for names in (self.among, self.others))
        return Difference(self.column, best, other).estimates(record)
