"""Effects that a claim is about, computed from the rows of a study's record.

An effect is a list of estimates; a claim is about the smallest of them. Values of columns in
percent are in points. Seeds are paired: a difference or a trend is computed for each seed, and its
interval is over the seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, Protocol, final, runtime_checkable

import numpy as np

from nearfar.records import StudyRecord, StudyRow
from nearfar.studies._estimates import Estimate, NormalEstimate, SignFlips, of_seeds

__all__ = [
    "AllOf",
    "Difference",
    "Effect",
    "Exactly",
    "Interior",
    "Largest",
    "Level",
    "Monotone",
    "RankCorrelation",
    "Slope",
]

Test = Literal["t", "signs"]


@runtime_checkable
class Effect(Protocol):
    """A quantity with its comparison.

    Attributes:
        rows: Names of the rows that it is about, if it names rows.
    """

    @property
    def rows(self) -> tuple[str, ...]: ...

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The estimates; a claim is about all of them. None where nothing was measured."""

    def unit(self, record: StudyRecord) -> str:
        """The unit: ``points`` for columns in percent."""


@dataclass(frozen=True)
class _OfColumn:
    """An effect on one column."""

    column: str

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows that it is about, if it names rows."""
        named = (getattr(self, name, "") for name in ("row", "than"))
        return tuple(name for name in named if name)

    def unit(self, record: StudyRecord) -> str:
        """``points`` if the column is in percent."""
        return "points" if _scale(record, self.column) == 100 else ""

    def _values(self, record: StudyRecord, row: str) -> dict[int, float]:
        return _values(record, row, self.column)


@final
@dataclass(frozen=True)
class Difference(_OfColumn):
    """Mean difference of two rows, paired by seed.

    A row with a single value that no seed changes, such as raw features, is compared with every
    seed of the other row.

    Attributes:
        column: Column of the values.
        row: The row that should have the higher value.
        than: The other row.
        test: ``t``: Student's interval of the differences; ``signs``: that of exact sign flips,
            which needs 6 seeds or more for 95 %.
    """

    row: str
    than: str
    test: Test = "t"

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The difference over the seeds that both rows have."""
        ours, theirs = self._values(record, self.row), self._values(record, self.than)
        if not ours or not theirs:
            return []
        if len(theirs) == 1 and _seedless(record, self.than):
            theirs = dict.fromkeys(ours, *theirs.values())
        seeds = [seed for seed in ours if seed in theirs]
        found = [ours[seed] - theirs[seed] for seed in seeds]
        if not found:
            return []
        label = f"{self.column}, {self.row} − {self.than}"
        return [_tested(found, self.test, label)]


@final
@dataclass(frozen=True)
class Level(_OfColumn):
    """Mean of a row above a number, over its seeds.

    Attributes:
        column: Column of the values.
        row: The row.
        minus: Number that is subtracted, in the column's own unit.
        sign: −1 for a mean below the number.
        test: As of :class:`Difference`.
    """

    row: str
    minus: float = 0.0
    sign: Literal[-1, 1] = 1
    test: Test = "t"

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The mean over the seeds, minus the number."""
        shift = self.minus * _scale(record, self.column)
        found = [self.sign * (v - shift) for v in self._values(record, self.row).values()]
        side = "above" if self.sign > 0 else "below"
        against = f", {side} {self.minus:g}" if self.minus else ""
        label = f"{self.column} of {self.row}{against}"
        return [_tested(found, self.test, label)] if found else []


@dataclass(frozen=True)
class _OverSweep(_OfColumn):
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
        values = [self._values(record, row.name) for row in rows]
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
        ranks = np.apply_along_axis(_ranks, 0, rows)
        found = _partial(np.corrcoef(ranks, rowvar=False))
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


@final
@dataclass(frozen=True)
class Exactly:
    """A number that no seed changes, such as the largest deviation from an exact value.

    Attributes:
        value: Function of the record; None if nothing was measured.
        label: What it is.
        of_unit: Its unit.
    """

    value: Callable[[StudyRecord], float | None]
    label: str = ""
    of_unit: str = ""
    rows: ClassVar[tuple[str, ...]] = ()

    def unit(self, record: StudyRecord) -> str:
        """The given unit."""
        return self.of_unit

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The number, with a standard error of 0."""
        found = self.value(record)
        return [] if found is None else [NormalEstimate(found, 0.0, math.inf, label=self.label)]


@final
@dataclass(frozen=True)
class Largest(_OfColumn):
    """The largest value of a column over all rows and seeds: a number that no seed changes.

    Attributes:
        row: A single row instead.
        minus: Column that is subtracted.
    """

    row: str = ""
    minus: str = ""

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The number, with a standard error of 0; absolute values of differences."""
        names = [self.row] if self.row else [row.name for row in record.rows]
        found: list[float] = []
        for name in names:
            values = self._values(record, name)
            if self.minus:
                others = _values(record, name, self.minus)
                values = {seed: abs(v - others[seed]) for seed, v in values.items() if others}
            found += values.values()
        name = f"|{self.column} − {self.minus}|" if self.minus else self.column
        label = f"largest {name}" + (f" of {self.row}" if self.row else "")
        return [NormalEstimate(max(found), 0.0, math.inf, label=label)] if found else []


@final
@dataclass(frozen=True)
class AllOf:
    """Several effects, all of which a claim is about.

    Attributes:
        effects: The effects.
    """

    effects: Sequence[Effect]

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows of all effects."""
        return tuple(name for effect in self.effects for name in effect.rows)

    def unit(self, record: StudyRecord) -> str:
        """The unit of the first effect."""
        return self.effects[0].unit(record) if self.effects else ""

    def estimates(self, record: StudyRecord) -> list[Estimate]:
        """The estimates of all effects; none if one of them was not measured."""
        found = [effect.estimates(record) for effect in self.effects]
        return [one for some in found for one in some] if all(found) else []


def _scale(record: StudyRecord, column: str) -> float:
    found = record.column(column)
    return 100.0 if found is not None and found.kind == "percent" else 1.0


def _row(record: StudyRecord, name: str) -> StudyRow | None:
    return next((row for row in record.rows if row.name == name), None)


def _values(record: StudyRecord, name: str, column: str) -> dict[int, float]:
    row = _row(record, name)
    scale = _scale(record, column)
    return {s: scale * v for s, v in row.by_seed(column).items()} if row else {}


def _seedless(record: StudyRecord, name: str) -> bool:
    row = _row(record, name)
    return row is not None and row.baseline and row.seeds == 1


def _tested(values: Sequence[float], test: Test, label: str) -> Estimate:
    if test == "signs" and len(values) > 1:
        return SignFlips(tuple(values), label)
    return of_seeds(values, label=label)


def _fitted_slope(x: np.ndarray, y: np.ndarray, *, label: str) -> Estimate:
    """The slope of one line with the standard error from its residuals."""
    freedom = len(x) - 2
    slope, start = np.polyfit(x, y, 1)
    if freedom < 1:
        return NormalEstimate(float(slope), math.nan, 1, label=label)
    left = float(np.square(y - slope * x - start).sum()) / freedom
    error = math.sqrt(left / float(np.square(x - x.mean()).sum()))
    return NormalEstimate(float(slope), error, freedom, label=label)


def _ranks(values: np.ndarray) -> np.ndarray:
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
