"""Effects that a claim is about, computed from the rows of a study's record.

An effect is a list of estimates; a claim is about the smallest of them. Values of columns in
percent are in points. Seeds are paired: a difference or a trend is computed for each seed, and its
interval is over the seeds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal, Protocol, final, runtime_checkable

from nearfar.records import StudyRecord, StudyRow
from nearfar.studies._estimates import Estimate, NormalEstimate, SignFlips, of_seeds
from nearfar.studies._test_samples import RIGHT, sampling_variance

__all__ = [
    "AllOf",
    "Difference",
    "Effect",
    "Exactly",
    "Largest",
    "Level",
    "OfColumn",
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
class OfColumn:
    """An effect on one column.

    Attributes:
        column: Column of the values.
    """

    column: str

    @property
    def rows(self) -> tuple[str, ...]:
        """Names of the rows that it is about, if it names rows."""
        named = (getattr(self, name, "") for name in ("row", "than"))
        return tuple(name for name in named if name)

    def unit(self, record: StudyRecord) -> str:
        """``points`` if the column is in percent."""
        return "points" if _scale(record, self.column) == 100 else ""

    def values(self, record: StudyRecord, row: str) -> dict[int, float]:
        """The value of each seed of a row, in points for percentages."""
        return _values(record, row, self.column)


@final
@dataclass(frozen=True)
class Difference(OfColumn):
    """Mean difference of two rows, paired by seed.

    Of accuracies of classes, Student's interval has the error of the choice of the test samples as
    well, which all seeds share: the variances add up, and the degrees of freedom are those of
    Welch and Satterthwaite.

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
        ours, theirs = self.values(record, self.row), self.values(record, self.than)
        if not ours or not theirs:
            return []
        if len(theirs) == 1 and _seedless(record, self.than):
            theirs = dict.fromkeys(ours, *theirs.values())
        seeds = [seed for seed in ours if seed in theirs]
        found = [ours[seed] - theirs[seed] for seed in seeds]
        if not found:
            return []
        label = f"{self.column}, {self.row} − {self.than}"
        estimate = _tested(found, self.test, label)
        if isinstance(estimate, NormalEstimate):
            estimate = self._of_samples(estimate, record, seeds)
        return [estimate]

    def _of_samples(
        self, estimate: NormalEstimate, record: StudyRecord, seeds: Sequence[int]
    ) -> NormalEstimate:
        """The estimate with the error of the choice of the test samples, if that is known."""
        ours, theirs = (_right(record, row, self.column) for row in (self.row, self.than))
        if len(theirs) == 1 and _seedless(record, self.than):
            theirs = dict.fromkeys(seeds, *theirs.values())
        if not set(seeds) <= ours.keys() & theirs.keys():
            return estimate
        found = sampling_variance([ours[s] for s in seeds], [theirs[s] for s in seeds])
        if found is None or math.isnan(estimate.error) or not found[0] > 0:
            return estimate
        over_seeds = estimate.error**2
        over_samples = found[0] * _scale(record, self.column) ** 2
        error = over_seeds + over_samples
        freedom = error**2 / (over_seeds**2 / estimate.freedom + over_samples**2 / (found[1] - 1))
        return replace(
            estimate,
            error=math.sqrt(error),
            freedom=max(1.0, math.floor(freedom)),
            fixed=math.sqrt(over_samples),
        )


@final
@dataclass(frozen=True)
class Level(OfColumn):
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
        found = [self.sign * (v - shift) for v in self.values(record, self.row).values()]
        side = "above" if self.sign > 0 else "below"
        against = f", {side} {self.minus:g}" if self.minus else ""
        label = f"{self.column} of {self.row}{against}"
        return [_tested(found, self.test, label)] if found else []


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
class Largest(OfColumn):
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
            values = self.values(record, name)
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


def _right(record: StudyRecord, name: str, column: str) -> dict[int, str]:
    """Which test samples are right, for each seed of a row."""
    row = _row(record, name)
    texts = row.words.get(f"{column}{RIGHT}", ()) if row else ()
    seeds = (row.seed_numbers if row else ()) or tuple(range(len(texts)))
    return dict(zip(seeds, texts, strict=True)) if len(seeds) == len(texts) else {}


def _seedless(record: StudyRecord, name: str) -> bool:
    row = _row(record, name)
    return row is not None and row.baseline and row.seeds == 1


def _tested(values: Sequence[float], test: Test, label: str) -> Estimate:
    if test == "signs" and len(values) > 1:
        return SignFlips(tuple(values), label)
    return of_seeds(values, label=label)
