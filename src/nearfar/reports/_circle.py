"""Embeddings of two dimensions, drawn on the unit circle."""

from __future__ import annotations

import math

from nearfar._signs import counted
from nearfar.records import GeometryRecord
from nearfar.reports._figure import Figure, label

__all__ = ["circle"]

_BINS = 72


def circle(geometry: GeometryRecord) -> Figure:
    """Points on the unit circle, with a histogram of their directions."""
    angles = [math.degrees(math.atan2(point[1], point[0])) % 360 for point in geometry.points]
    width = 360 / _BINS
    filled = [0] * _BINS
    for angle in angles:
        filled[int(angle / width) % _BINS] += 1
    highest = max(filled)
    return Figure(
        "The circle",
        "All embeddings, without projection; the bars are a histogram of their directions. Good:"
        " bars all the way round. Bad: one tall bar (collapse), or empty arcs.",
        f"{counted(len(angles), 'embedding')} on the unit circle;"
        f" {sum(map(bool, filled))} of {_BINS} directions are occupied.",
        [
            {
                "type": "barpolar",
                "theta": [(place + 0.5) * width for place in range(_BINS)],
                "r": [0.5 * size / highest for size in filled],
                "base": [1.05] * _BINS,
                "width": [width] * _BINS,
                "text": [counted(size, "embedding") for size in filled],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"color": "var(--near)", "opacity": 0.55},
            },
            {
                "type": "scatterpolar",
                "mode": "markers",
                "theta": angles,
                "r": [math.hypot(*point[:2]) for point in geometry.points],
                "text": [label(name) for name in geometry.ids],
                "hovertemplate": "%{text}<extra></extra>",
                "marker": {"color": "var(--far)", "opacity": 0.5, "size": 5},
            },
        ],
        {
            "polar": {
                "bgcolor": "rgba(0,0,0,0)",
                "angularaxis": {
                    "gridcolor": "rgba(0,0,0,0)",
                    "linecolor": "rgba(0,0,0,0)",
                    "showticklabels": False,
                    "ticks": "",
                },
                "radialaxis": {
                    "range": [0, 1.55],
                    "showticklabels": False,
                    "showline": False,
                    "ticks": "",
                    "gridcolor": "var(--grid)",
                    "tickvals": [1],
                },
            },
            "margin": {"b": 8, "l": 8, "r": 8, "t": 8},
        },
        tall=True,
    )
