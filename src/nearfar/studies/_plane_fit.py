"""How much of one quantity a plane over two others explains."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from nearfar.records import StudyRecord
from nearfar.studies._estimates import Estimate, NormalEstimate

__all__ = ["PlaneFit"]

_AXES = 2


@final
@dataclass(frozen=True)
class PlaneFit:
    """Share of a column's variance over the rows that a plane over two others explains, R².

    It is adjusted for the two slopes; the interval is Fisher's for the multiple correlation R.

    Attributes:
        x: A column.
        y: Another column.
        z: The column that is explained.
    """

    x: str
    y: str
    z: str
    rows: ClassVar[tuple[str, ...]] = ()

    def unit(self, record: StudyRecord) -> str:
        """None: a share has no unit."""
        return ""

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The share over the rows' means."""
        means = [[row.mean(column) for column in (self.x, self.y, self.z)] for row in record.rows]
        table = np.asarray([m for m in means if None not in m], dtype=float)
        free = len(table) - _AXES - 2
        if len(table) < 2 or free < 1 or not np.ptp(table[:, 2]):
            return []
        design = np.column_stack([table[:, :_AXES], np.ones(len(table))])
        fitted = design @ np.linalg.lstsq(design, table[:, 2], rcond=None)[0]
        left = np.square(table[:, 2] - fitted).sum() / (len(table) - _AXES - 1)
        share = max(0.0, 1 - left / float(np.var(table[:, 2], ddof=1)))
        estimate = NormalEstimate(
            share,
            1 / math.sqrt(free),
            math.inf,
            label=f"share of {self.z} explained by {self.x} and {self.y}",
            back=lambda correlation: math.tanh(max(0.0, correlation)) ** 2,
            into=lambda value: math.atanh(min(1 - 1e-12, math.sqrt(max(0.0, value)))),
        )
        return [estimate]
