"""Figures of a study: which columns are drawn against which."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, final, runtime_checkable

from nearfar.records import CellRecord, StudyFigure, StudyRow, StudySeries

__all__ = ["Figure", "ReadingLines", "RowLines", "RowPoints", "drawn"]


@runtime_checkable
class Figure(Protocol):
    """A figure, drawn from the rows and the cells' records."""

    def draw(
        self, rows: Sequence[StudyRow], records: Mapping[str, Sequence[CellRecord]]
    ) -> StudyFigure:
        """The figure as numbers.

        Args:
            rows: The rows of the table.
            records: The finished cells of each row.
        """


@dataclass(frozen=True, kw_only=True)
class _Axes:
    """Axes of a figure.

    Attributes:
        title: What the figure shows, in one sentence.
        x: Column or reading on the horizontal axis.
        y: Columns or readings on the vertical axis, with their names in the legend.
        x_title: Title of the horizontal axis.
        y_title: Title of the vertical axis.
        log_x: Whether the horizontal axis is logarithmic.
        log_y: Whether the vertical axis is.
    """

    title: str
    x: str
    y: Mapping[str, str]
    x_title: str
    y_title: str
    log_x: bool = False
    log_y: bool = False

    def _known(self, rows: Sequence[StudyRow], group: str, y: str) -> list[StudyRow]:
        """The rows of a group that have both values."""
        of = [row for row in rows if row.group == group]
        return [row for row in of if row.values.get(self.x) and row.values.get(y)]

    def _figure(self, kind: str, series: Sequence[StudySeries]) -> StudyFigure:
        return StudyFigure(
            kind=kind,
            title=self.title,
            x_title=self.x_title,
            y_title=self.y_title,
            series=tuple(series),
            log_x=self.log_x,
            log_y=self.log_y,
        )


@final
@dataclass(frozen=True, kw_only=True)
class RowLines(_Axes):
    """Lines over the rows of each group, with standard deviations over the seeds."""

    def draw(
        self, rows: Sequence[StudyRow], records: Mapping[str, Sequence[CellRecord]]
    ) -> StudyFigure:
        """One line per group and column."""
        series = []
        for group in dict.fromkeys(row.group for row in rows):
            for y, name in self.y.items():
                known = self._known(rows, group, y)
                known.sort(key=lambda row: row.mean(self.x) or 0.0)
                if not known:
                    continue
                series.append(
                    StudySeries(
                        name=_named(group, name, self.y),
                        x=tuple(row.mean(self.x) or 0.0 for row in known),
                        y=tuple(row.mean(y) or 0.0 for row in known),
                        spread=_spreads([row.values[y] for row in known]),
                    )
                )
        return self._figure("lines", series)


@final
@dataclass(frozen=True, kw_only=True)
class RowPoints(_Axes):
    """A point per row: one column against another; a colour per group."""

    def draw(
        self, rows: Sequence[StudyRow], records: Mapping[str, Sequence[CellRecord]]
    ) -> StudyFigure:
        """One set of points per group and column."""
        series = []
        for group in dict.fromkeys(row.group for row in rows):
            for y, name in self.y.items():
                known = self._known(rows, group, y)
                if known:
                    series.append(
                        StudySeries(
                            name=_named(group, name, self.y),
                            x=tuple(row.mean(self.x) or 0.0 for row in known),
                            y=tuple(row.mean(y) or 0.0 for row in known),
                            labels=tuple(row.name for row in known),
                        )
                    )
        return self._figure("points", series)


@final
@dataclass(frozen=True, kw_only=True)
class ReadingLines(_Axes):
    """Lines over the readings of each row's cells: checkpoints, or the series of a computation."""

    def draw(
        self, rows: Sequence[StudyRow], records: Mapping[str, Sequence[CellRecord]]
    ) -> StudyFigure:
        """One line per row and reading."""
        series = []
        for row in rows:
            for y, name in self.y.items():
                by_x: dict[float, list[float]] = {}
                for record in records.get(row.name, ()):
                    for reading in record.readings:
                        if drawn(reading, self.x) and drawn(reading, y):
                            by_x.setdefault(float(reading[self.x]), []).append(float(reading[y]))
                if by_x:
                    xs = sorted(by_x)
                    series.append(
                        StudySeries(
                            name=_named(row.name, name, self.y),
                            x=tuple(xs),
                            y=tuple(statistics.fmean(by_x[x]) for x in xs),
                            spread=_spreads([by_x[x] for x in xs]),
                        )
                    )
        return self._figure("lines", series)


def drawn(reading: Mapping[str, Any], name: str) -> bool:
    """Whether a reading has a number of this name.

    >>> drawn({"x": 1.0, "y": None}, "x"), drawn({"x": 1.0, "y": None}, "y")
    (True, False)
    """
    return isinstance(reading.get(name), (int, float))


def _named(group: str, name: str, columns: Mapping[str, str]) -> str:
    """Name of a line: of the group, of the column, or of both where there are several."""
    if len(columns) == 1 and group:
        return group
    return f"{group}, {name}" if group else name


def _spreads(values: Sequence[Sequence[float]]) -> tuple[float, ...]:
    if any(len(some) < 2 for some in values):
        return ()
    return tuple(statistics.stdev(some) for some in values)
