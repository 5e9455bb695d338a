"""Distances between views of the same sample and between different samples."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import fmean, median
from typing import Any

from nearfar.records import GeometryRecord
from nearfar.reports._figure import Figure
from nearfar.reports._formatting import number
from nearfar.reports._html import Html, element
from nearfar.reports._section import missing, section_of

__all__ = ["section"]


def section(geometry: GeometryRecord | None) -> Html:
    """Distances of positive pairs against those of random pairs."""
    if geometry is None or not (geometry.positive_distances or geometry.random_distances):
        body = missing("Not measured: geometry.json contains no distances.")
    else:
        body = element(
            "div",
            _figure(geometry).html(),
            None
            if geometry.positive_distances
            else missing("Only one view of each sample was given, so there are no positive pairs."),
            class_="figures wide",
        )
    return section_of(
        "distances",
        "Pairwise distances",
        body,
        lead="Positive pairs are two views of a sample; random pairs are two different samples.",
    )


def _bars(distances: Sequence[float], name: str, color: str) -> dict[str, Any]:
    bins = 60 if len(distances) >= 500 else 30
    width = 2 / bins
    filled = [0] * bins
    for distance in distances:
        filled[min(bins - 1, max(0, int(distance / width)))] += 1
    return {
        "type": "bar",
        "name": name,
        "x": [(place + 0.5) * width for place in range(bins)],
        "y": [size / (len(distances) * width) for size in filled],
        "width": width,
        "marker": {"color": color, "line": {"width": 0}, "opacity": 0.62},
        "hovertemplate": "%{x:.2f}: density %{y:.2f}",
    }


def _figure(geometry: GeometryRecord) -> Figure:
    positive = [d for d in geometry.positive_distances if math.isfinite(d)]
    random = [d for d in geometry.random_distances if math.isfinite(d)]
    groups = [(positive, "positive pairs", "var(--near)"), (random, "random pairs", "var(--far)")]
    medians = [f"{name}: median {number(median(ds))}" for ds, name, _ in groups if ds]
    closer = ""
    if positive and random:
        middle = median(random)
        share = fmean(d < middle for d in positive)
        closer = f" Here {share:.0%} of positive pairs are closer than the median random pair."
    return Figure(
        "Distance on the sphere",
        "Good: two separate peaks, positive pairs on the left and random pairs near √2 (dashed),"
        f" the distance of orthogonal vectors. Bad: overlapping peaks, or both at 0.{closer}",
        "; ".join(medians) + ".",
        [_bars(ds, name, color) for ds, name, color in groups if ds],
        {
            "barmode": "overlay",
            "bargap": 0,
            "hovermode": "x unified",
            "showlegend": True,
            "shapes": [
                {
                    "type": "line",
                    "x0": math.sqrt(2),
                    "x1": math.sqrt(2),
                    "yref": "paper",
                    "y0": 0,
                    "y1": 1,
                    "line": {"color": "var(--anchor)", "dash": "dash", "width": 1.2},
                    "label": {
                        "text": "√2",
                        "textposition": "end",
                        "textangle": 0,
                        "xanchor": "left",
                        "yanchor": "top",
                        "padding": 4,
                        "font": {"color": "var(--anchor)", "size": 11},
                    },
                }
            ],
            "xaxis": {
                "range": [0, 2],
                "showgrid": False,
                "title": {"text": "Euclidean distance, from 0 (same point) to 2 (antipodal)"},
            },
            "yaxis": {"rangemode": "tozero", "title": {"text": "density"}},
        },
    )
