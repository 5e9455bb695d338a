"""The align-uniform plane: the paths of runs, their ends, and reference points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from nearfar._signs import counted
from nearfar.records import HealthRecord, Metrics
from nearfar.reports._figure import Figure, label
from nearfar.reports._formatting import number
from nearfar.reports._quantities import ALIGNMENT, UNIFORMITY, Quantity, anchors
from nearfar.reports._series import drawable

__all__ = ["RunPath", "plane_figure"]

_LONGEST = 32  # characters of a name
_POINTS = 500  # of a path


@dataclass(frozen=True)
class RunPath:
    """A run in the align-uniform plane.

    Attributes:
        name: Name of the run.
        color: Colour, as a variable of the style sheet.
        metrics: Metrics over training.
        health: The verdict, whose measurements are the end of a run without such metrics.
    """

    name: str
    color: str
    metrics: Metrics
    health: HealthRecord | None = None

    @property
    def points(self) -> list[tuple[float, float]]:
        """Alignment and uniformity over training; at least the end, if it was measured."""
        found = [
            (line.alignment, line.uniformity)
            for line in self.metrics.watch
            if drawable(line.alignment) and drawable(line.uniformity)
        ]
        if found:
            return [*found[:: max(1, len(found) // _POINTS)], found[-1]]
        known = self.health.measurements if self.health else {}
        end = known.get(ALIGNMENT.name), known.get(UNIFORMITY.name)
        return [(end[0], end[1])] if drawable(end[0]) and drawable(end[1]) else []

    @property
    def lowest(self) -> float | None:
        """The lowest uniformity in this dimension, if the verdict states it."""
        dim, samples = (self.health.dim, self.health.samples) if self.health else (0, 0)
        known = anchors(UNIFORMITY.name, health=self.health, dim=dim, samples=samples)
        return min(known.values(), default=None)


def plane_figure(runs: Sequence[RunPath]) -> Figure | None:
    """Trajectories in the align-uniform plane with reference points; None without a trajectory."""
    drawn = [(run, points) for run in runs if (points := run.points)]
    if not drawn:
        return None
    traces = [_path(run, points) for run, points in drawn]
    lowest = {number(value): value for run, _ in drawn if (value := run.lowest) is not None}
    known = [("complete collapse", 0.0, 0.0)]
    if len(lowest) == 1:  # runs of several dimensions have several
        (least,) = lowest.values()
        known += [("views unrelated, uniform", 2.0, least), ("aligned, uniform", 0.0, least)]
    ends = "; ".join(
        f"{run.name} ends at alignment {number(points[-1][0])}, uniformity {number(points[-1][1])}"
        for run, points in drawn[:8]
    )
    return Figure(
        "Trajectories during training",
        "Good: a trajectory that ends at the bottom left, both aligned and uniform (the dot is"
        " the end). Bad: one that moves left but stays at the top, aligned by collapse."
        " Diamonds are reference points.",
        f"Uniformity against alignment of {counted(len(drawn), 'run')}. {ends}.",
        [_references(known), *traces],
        {
            "hovermode": "closest",
            "showlegend": len(drawn) > 1,
            "xaxis": {"title": {"text": _axis(ALIGNMENT)}, "range": _around(known, drawn)},
            "yaxis": {"title": {"text": _axis(UNIFORMITY)}},
        },
    )


def _around(
    known: Sequence[tuple[str, float, float]],
    drawn: Sequence[tuple[RunPath, Sequence[tuple[float, float]]]],
) -> list[float]:
    """A horizontal axis with room for the marks at 0."""
    high = max(x for _, points in drawn for x, _ in [*points, *(p[1:] for p in known)])
    return [-0.06 * (high or 1), 1.08 * (high or 1)]


def _axis(quantity: Quantity) -> str:
    return f"{quantity.title.lower()}, {quantity.better} is better"


def _references(known: Sequence[tuple[str, float, float]]) -> dict[str, Any]:
    """Diamonds at the reference points; those on the right have their names on the left."""
    return {
        "type": "scatter",
        "mode": "markers+text",
        "name": "reference",
        "showlegend": False,
        "x": [x for _, x, _ in known],
        "y": [y for _, _, y in known],
        "text": [name for name, _, _ in known],
        "textposition": ["middle left" if x > 1 else "middle right" for _, x, _ in known],
        "textfont": {"color": "var(--anchor)", "size": 11},
        "marker": {"color": "var(--anchor)", "size": 8, "symbol": "diamond-open"},
        "hovertemplate": "%{text}: alignment %{x:.3~g}, uniformity %{y:.3~g}<extra></extra>",
        "cliponaxis": False,
    }


def _path(run: RunPath, points: Sequence[tuple[float, float]]) -> dict[str, Any]:
    color = f"var({run.color})"
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label(run.name, length=_LONGEST),
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "line": {"color": color, "width": 1.5},
        "marker": {"color": color, "size": [0] * (len(points) - 1) + [11]},
        "hovertemplate": "alignment %{x:.3~g}, uniformity %{y:.3~g}",
    }
