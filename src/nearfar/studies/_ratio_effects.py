"""Effects that are ratios of two values of the same seed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, final

from nearfar.records import StudyRecord
from nearfar.studies._effects import OfColumn
from nearfar.studies._estimates import Estimate, of_seeds

__all__ = ["LogRatio"]


@final
@dataclass(frozen=True)
class LogRatio(OfColumn):
    """Mean over the seeds of the binary logarithm of a ratio: 1 is twice as large.

    Attributes:
        column: Column of the values.
        row: The row.
        than: Column of the values in the denominator.
        of: Row of the denominator; the same row by default.
        sign: −1 for halvings in place of doublings.
    """

    row: str
    than: str
    of: str = ""
    sign: Literal[-1, 1] = 1

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of both rows."""
        return tuple(name for name in (self.row, self.of) if name)

    def unit(self, record: StudyRecord) -> str:
        """None: a logarithm has no unit."""
        return ""

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The mean logarithm over the seeds that have both values, all above 0."""
        ours = self.values(record, self.row)
        theirs = OfColumn(self.than).values(record, self.of or self.row)
        found = [
            self.sign * math.log2(ours[seed] / theirs[seed])
            for seed in ours
            if theirs.get(seed, 0) > 0 and ours[seed] > 0
        ]
        label = f"log2 of {self.column} of {self.row} / {self.than} of {self.of or self.row}"
        return [of_seeds(found, label=label)] if found else []
