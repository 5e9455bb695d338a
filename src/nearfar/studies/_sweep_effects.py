"""Effects over the rows of a sweep: slope, optimum inside, monotone rise, rank correlation."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, final

import numpy as np

from nearfar.records import StudyRecord
from nearfar.studies._effects import OfColumn
from nearfar.studies._estimates import Estimate, NormalEstimate, of_seeds

__all__ = ["Interior", "Monotone", "RankCorrelation", "Slope", "ranks"]


@dataclass(frozen=True)
class _OverSweep(OfColumn):
    """An effect on the rows of a sweep.

    Attributes:
        column: Column of the values.
        over: Column of the setting that is swept.
        group: Group of the rows; all rows with a value of `over` by default.
        log2: Whether the setting enters as its logarithm to base 2.
    """

    over: str
    group: str = ""
    log2: bool = False

    def _curves(self, record: StudyRecord) -> list[tuple[np.ndarray, np.ndarray]]:
        """Setting and value of each row, for each seed that all rows have."""
        rows = sorted(
            (
                row
                for row in record.rows
                if row.values.get(self.over) and (not self.group or row.group == self.group)
            ),
            key=lambda row: row.mean(self.over) or 0.0,
        )
        values = [self.values(record, row.name) for row in rows]
        if len(rows) < 2 or not all(values):
            return []
        x = np.asarray([row.mean(self.over) for row in rows], dtype=float)
        x = np.log2(x) if self.log2 else x
        seeds = sorted(set.intersection(*map(set, values)))
        return [(x, np.asarray([row[seed] for row in values])) for seed in seeds]


@final
@dataclass(frozen=True)
class Slope(_OverSweep):
    """Slope of a line fitted to a sweep: change of the column per unit of the setting.

    With several seeds one slope per seed; with one seed the interval is from the residuals.
    """

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The mean slope."""
        curves = self._curves(record)
        label = f"slope of {self.column}"
        if len(curves) > 1:
            return [of_seeds([float(np.polyfit(x, y, 1)[0]) for x, y in curves], label=label)]
        return [_fitted_slope(*curves[0], label=label)] if curves else []


@final
@dataclass(frozen=True)
class Interior(_OverSweep):
    """Optimum inside a sweep: a parabola rises from the low end and falls to the high end.

    The two estimates are the rise of the fitted parabola over the sweep if it went on as at the low
    end, and the fall as at the high end (the test of Lind and Mehlum 2010). Both must exceed the
    smallest effect that counts.
    """

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """Rise at the low end and fall at the high end, times the width of the sweep."""
        curves = [(x, y) for x, y in self._curves(record) if len(x) > 2]
        if not curves:
            return []
        rises, falls = [], []
        for x, y in curves:
            bend, tilt, _ = np.polyfit(x, y, 2)
            width = x[-1] - x[0]
            rises.append(float(tilt + 2 * bend * x[0]) * width)
            falls.append(-float(tilt + 2 * bend * x[-1]) * width)
        return [
            of_seeds(rises, label=f"rise of {self.column} at the low end"),
            of_seeds(falls, label=f"fall of {self.column} at the high end"),
        ]

    def optimum(self, record: StudyRecord) -> Estimate | None:
        """Where the parabola has its optimum, over the seeds."""
        found = []
        for x, y in self._curves(record):
            bend, tilt, _ = np.polyfit(x, y, 2)
            found.append(float(-tilt / (2 * bend)))
        return of_seeds(found, label="optimum") if found else None


@final
@dataclass(frozen=True)
class Monotone(_OverSweep):
    """A rise from each setting of a sweep to the next; with `sign` −1 a fall.

    Attributes:
        sign: −1 for a fall.
    """

    sign: Literal[-1, 1] = 1

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The step from each setting to the next."""
        curves = self._curves(record)
        if not curves:
            return []
        steps = self.sign * np.diff([y for _, y in curves], axis=1)
        return [
            of_seeds(steps[:, i].tolist(), label=f"step {i + 1} of {self.column}")
            for i in range(steps.shape[1])
        ]


@final
@dataclass(frozen=True)
class RankCorrelation:
    """Spearman's correlation of two columns over the rows, given a third one if there is one.

    The interval is Fisher's, with the standard error of Bonett and Wright (2000).

    Attributes:
        x: A column.
        y: The other column.
        given: Column whose effect is removed from both.
        sign: −1 for a negative correlation.
    """

    x: str
    y: str
    given: str = ""
    sign: Literal[-1, 1] = 1
    rows: ClassVar[tuple[str, ...]] = ()

    def unit(self, record: StudyRecord) -> str:
        """None: a correlation has no unit."""
        return ""

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The correlation over the rows' means."""
        columns = [self.x, self.y, *([self.given] if self.given else [])]
        means = [[row.mean(column) for column in columns] for row in record.rows]
        rows = np.asarray([m for m in means if None not in m], dtype=float)
        free = len(rows) - 3 - (len(columns) - 2)
        if len(rows) < 2 or free < 1:
            return []
        ranked = np.apply_along_axis(ranks, 0, rows)
        found = _partial(np.corrcoef(ranked, rowvar=False))
        error = math.sqrt((1 + found**2 / 2) / free)
        estimate = NormalEstimate(
            self.sign * found,
            error,
            math.inf,
            seeds=1,
            label=f"rank correlation of {self.x} and {self.y}",
            back=math.tanh,
            into=_arctanh,
        )
        return [estimate]


def _fitted_slope(x: np.ndarray, y: np.ndarray, *, label: str) -> Estimate:
    """The slope of one line with the standard error from its residuals."""
    freedom = len(x) - 2
    slope, start = np.polyfit(x, y, 1)
    if freedom < 1:
        return NormalEstimate(float(slope), math.nan, 1, label=label)
    left = float(np.square(y - slope * x - start).sum()) / freedom
    error = math.sqrt(left / float(np.square(x - x.mean()).sum()))
    return NormalEstimate(float(slope), error, freedom, label=label)


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks from 1, the mean rank for ties."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    ranks: np.ndarray = (last - (counts - 1) / 2)[inverse.reshape(-1)]
    return ranks


def _partial(correlations: np.ndarray) -> float:
    """Correlation of the first two columns, given the third if there is one."""
    xy = float(correlations[0, 1])
    if len(correlations) == 2:
        return xy
    xz, yz = float(correlations[0, 2]), float(correlations[1, 2])
    return (xy - xz * yz) / math.sqrt(max(1e-300, (1 - xz**2) * (1 - yz**2)))


def _arctanh(value: float) -> float:
    return math.atanh(max(-1 + 1e-12, min(1 - 1e-12, value)))
