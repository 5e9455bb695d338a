"""Local structure: the dimension around each sample, and retrieval of the second view."""

from __future__ import annotations

import math
from collections.abc import Mapping
from statistics import median
from typing import Any

from nearfar._signs import counted
from nearfar.records import GeometryRecord, HealthRecord
from nearfar.reports._figure import Figure
from nearfar.reports._formatting import number
from nearfar.reports._html import Html, element
from nearfar.reports._section import missing, section_of

__all__ = ["section"]

_BARS = 40
_HIGHEST = 0.99  # share of the local dimensions that the axis shows


def section(geometry: GeometryRecord | None, health: HealthRecord | None) -> Html:
    """The distribution of the local dimension, and retrieval next to chance."""
    known = geometry.readings.get("local_dimension", ()) if geometry else ()
    found = [
        _dimensions([v for v in known if math.isfinite(v)], geometry),
        _retrieval(health.measurements if health else {}),
    ]
    drawn = [figure.html() for figure in found if figure]
    return section_of(
        "structure",
        "Local structure",
        element("div", *drawn, class_="figures")
        if drawn
        else missing("Not measured: this run has neither local dimensions nor retrieval of views."),
        lead="What the neighbours of a sample show: how many numbers describe its surroundings, and"
        " whether its second view is nearer than other samples.",
    )


def _dimensions(values: list[float], geometry: GeometryRecord | None) -> Figure | None:
    if len(values) < 2 or geometry is None:
        return None
    ordered = sorted(values)
    high = ordered[math.ceil(_HIGHEST * (len(ordered) - 1))]
    width = (high or 1.0) / _BARS
    filled = [0] * _BARS
    for value in ordered:
        filled[min(_BARS - 1, int(value / width))] += 1
    middle = median(ordered)
    low, top = (ordered[int(share * (len(ordered) - 1))] for share in (0.1, 0.9))
    return Figure(
        "Local dimension",
        "Estimated from the distances of each sample to its 10 nearest neighbours;"
        " neither direction is better. Far below the dimensions in use, few numbers describe a"
        " sample; two humps mean that parts of the data differ."
        f" Half of the samples are above {number(middle)} (dashed);"
        f" {geometry.dim:,} dimensions.",
        f"Local dimension of {counted(len(ordered), 'sample')}: median {number(middle)},"
        f" 80 % of them between {number(low)} and {number(top)}.",
        [
            {
                "type": "bar",
                "x": [(place + 0.5) * width for place in range(_BARS)],
                "y": filled,
                "width": width,
                "marker": {"color": "var(--near)", "line": {"width": 0}, "opacity": 0.75},
                "hovertemplate": "about %{x:.3~g}: %{y} samples<extra></extra>",
            }
        ],
        {
            "bargap": 0,
            "hovermode": "closest",
            "shapes": [_vertical(middle)],
            "xaxis": {"rangemode": "tozero", "showgrid": False, "title": {"text": "dimension"}},
            "yaxis": {"rangemode": "tozero", "title": {"text": "samples"}},
        },
    )


def _vertical(x: float) -> dict[str, Any]:
    return {
        "type": "line",
        "x0": x,
        "x1": x,
        "yref": "paper",
        "y0": 0,
        "y1": 1,
        "line": {"color": "var(--anchor)", "dash": "dash", "width": 1.2},
    }


def _retrieval(measured: Mapping[str, float]) -> Figure | None:
    gallery = measured.get("gallery")
    if gallery is None or "recall_1" not in measured:
        return None
    chances = {
        "recall_1": (f"nearest<br>of {gallery:,.0f}", 1 / gallery),
        "recall_5": ("among the<br>5 nearest", min(1.0, 5 / gallery)),
        "order": ("nearer than<br>another", 0.5),
    }
    shown = {name: said for name, said in chances.items() if name in measured}
    labels = [words for words, _ in shown.values()]
    traces = [_bars("projection", [measured[name] for name in shown], labels, "var(--near)")]
    inner = [measured.get(f"representation_{name}") for name in shown]
    if any(value is not None for value in inner):
        traces.append(_bars("representation", inner, labels, "var(--far)"))
    traces.append(_bars("chance", [chance for _, chance in shown.values()], labels, "var(--line)"))
    values = ", ".join(
        f"{words.replace('<br>', ' ')} {measured[name]:.0%} (chance {chance:.1%})"
        for name, (words, chance) in shown.items()
    )
    return Figure(
        "Retrieval of the second view",
        "How often a sample's own second view is found among those of other samples. Good: far"
        " above chance. A projection that is trained to compare views is high by construction, and"
        " views that share a mark are found by it alone.",
        f"Own second view: {values}.",
        traces,
        {
            "barmode": "group",
            "bargap": 0.35,
            "hovermode": "x unified",
            "showlegend": True,
            "xaxis": {"showgrid": False},
            "yaxis": {"range": [0, 1.04], "tickformat": ".0%", "title": {"text": "samples"}},
        },
    )


def _bars(
    name: str, values: list[float] | list[float | None], labels: list[str], color: str
) -> dict[str, Any]:
    return {
        "type": "bar",
        "name": name,
        "x": labels,
        "y": values,
        "marker": {"color": color, "line": {"color": "var(--anchor)", "width": 0.5}},
        "hovertemplate": "%{y:.1%}",
    }
