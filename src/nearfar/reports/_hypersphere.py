"""Embeddings on the unit sphere, projected onto their principal directions."""

from __future__ import annotations

import math
from typing import Any

from nearfar._signs import counted
from nearfar.records import GeometryRecord
from nearfar.reports._circle import circle
from nearfar.reports._figure import Figure, label
from nearfar.reports._html import Html, element
from nearfar.reports._section import missing, section_of

__all__ = ["section"]

_ALTITUDES = (-60, -30, 0, 30, 60)
_MERIDIANS = range(0, 180, 30)


def section(geometry: GeometryRecord | None) -> Html:
    """Density in two principal directions and points in three; two dimensions are drawn exactly."""
    if geometry is None:
        body = missing("Not drawn: geometry.json is missing.")
    elif not geometry.points or len(geometry.points[0]) < 2:
        body = missing("Not drawn: geometry.json contains no points of two or more dimensions.")
    elif geometry.dim == 2:
        body = element("div", circle(geometry).html(), class_="figures")
    else:
        body = element(
            "div",
            _density(geometry).html(),
            _sphere(geometry).html() if len(geometry.points[0]) > 2 else None,
            class_="figures",
        )
    dim = f" in {counted(geometry.dim, 'dimension')}" if geometry else ""
    return section_of(
        "hypersphere",
        "The hypersphere",
        body,
        lead=f"Every embedding is a point on the unit sphere{dim}. Healthy embeddings are spread"
        " out, and similar samples are close together.",
    )


def _axis(geometry: GeometryRecord, direction: int) -> str:
    share = geometry.explained[direction] if direction < len(geometry.explained) else math.nan
    words = f", {share:.0%} of the variance" if math.isfinite(share) else ""
    return f"direction {direction + 1}{words}"


def _reach(geometry: GeometryRecord) -> float:
    return 1.06 * max(1.0, *(abs(v) for point in geometry.points for v in point))


def _names(geometry: GeometryRecord) -> list[str]:
    names = [label(name) for name in geometry.ids[: len(geometry.points)]]
    return names + [f"row {row}" for row in range(len(names), len(geometry.points))]


def _density(geometry: GeometryRecord) -> Figure:
    x, y = ([point[axis] for point in geometry.points] for axis in (0, 1))
    reach = _reach(geometry)
    bin_ = reach / (12 if len(x) >= 500 else 8)
    side = {"range": [-reach, reach], "showgrid": False, "showline": False, "showticklabels": False}
    return Figure(
        "Density in two directions",
        "Projection onto the two principal directions of largest variance; darker is denser."
        " Good: a filled disc or soft clusters. Bad: a single spot (complete collapse) or a thin"
        " line (dimensional collapse).",
        f"Density of {counted(len(x), 'embedding')} on {_axis(geometry, 0)} and"
        f" {_axis(geometry, 1)}.",
        [
            {
                "type": "histogram2dcontour",
                "x": x,
                "y": y,
                "colorscale": [
                    [0, "var(--density0)"],
                    [0.5, "var(--density1)"],
                    [1, "var(--density2)"],
                ],
                "contours": {"coloring": "fill"},
                "hoverinfo": "skip",
                "line": {"width": 0},
                "ncontours": 14,
                "autobinx": False,
                "autobiny": False,
                "xbins": {"start": -reach, "end": reach, "size": bin_},
                "ybins": {"start": -reach, "end": reach, "size": bin_},
                "showscale": False,
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": x,
                "y": y,
                "text": _names(geometry),
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"color": "var(--point)", "opacity": 0.45, "size": 3.5},
            },
        ],
        {
            "hovermode": "closest",
            "shapes": [
                {
                    "type": "circle",
                    "x0": -1,
                    "x1": 1,
                    "y0": -1,
                    "y1": 1,
                    "line": {"color": "var(--line)", "width": 1},
                }
            ],
            "xaxis": {**side, "title": {"text": _axis(geometry, 0)}},
            "yaxis": {**side, "scaleanchor": "x", "title": {"text": _axis(geometry, 1)}},
        },
        tall=True,
    )


def _grid() -> tuple[list[float | None], list[float | None], list[float | None]]:
    """Circles of latitude and longitude of the unit sphere, as one line with gaps."""
    turns = [math.tau * step / 60 for step in range(61)]
    x: list[float | None] = []
    y: list[float | None] = []
    z: list[float | None] = []
    for altitude in map(math.radians, _ALTITUDES):
        x += [math.cos(altitude) * math.cos(turn) for turn in turns] + [None]
        y += [math.cos(altitude) * math.sin(turn) for turn in turns] + [None]
        z += [math.sin(altitude)] * len(turns) + [None]
    for meridian in map(math.radians, _MERIDIANS):
        x += [math.cos(turn) * math.cos(meridian) for turn in turns] + [None]
        y += [math.cos(turn) * math.sin(meridian) for turn in turns] + [None]
        z += [math.sin(turn) for turn in turns] + [None]
    return x, y, z


def _sphere(geometry: GeometryRecord) -> Figure:
    x, y, z = ([point[axis] for point in geometry.points] for axis in (0, 1, 2))
    grid_x, grid_y, grid_z = _grid()
    reach = _reach(geometry)
    side: dict[str, Any] = {"visible": False, "range": [-reach, reach]}
    return Figure(
        "Points in three directions",
        "Projection onto the first three principal directions; drag to rotate. The colour is the"
        " third coordinate. Good: points all around the sphere. Bad: a small cap, or a flat ring.",
        f"{counted(len(x), 'embedding')} on the first three principal directions, inside the unit"
        " sphere.",
        [
            {
                "type": "scatter3d",
                "mode": "lines",
                "x": grid_x,
                "y": grid_y,
                "z": grid_z,
                "hoverinfo": "skip",
                "line": {"color": "var(--grid3d)", "width": 1},
            },
            {
                "type": "scatter3d",
                "mode": "markers",
                "x": x,
                "y": y,
                "z": z,
                "text": _names(geometry),
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {
                    "color": z,
                    "colorscale": [[0, "var(--near)"], [1, "var(--far)"]],
                    "line": {"width": 0},
                    "opacity": 0.85,
                    "size": 3,
                },
            },
        ],
        {
            "margin": {"b": 0, "l": 0, "r": 0, "t": 0},
            "scene": {
                "aspectmode": "cube",
                "camera": {"eye": {"x": 0.98, "y": 0.98, "z": 0.62}},
                "dragmode": "orbit",
                "xaxis": side,
                "yaxis": side,
                "zaxis": side,
            },
        },
        tall=True,
    )
