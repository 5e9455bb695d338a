"""A figure: plotly data as JSON, a title, and a caption that explains how to read it."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from nearfar.reports._html import Html, clean, element, shorten

__all__ = ["Figure", "figure_json", "label", "level"]

_AXIS: dict[str, Any] = {
    "automargin": True,
    "gridcolor": "var(--grid)",
    "linecolor": "var(--line)",
    "ticks": "",
    "title": {"font": {"size": 12}, "standoff": 8},
    "zeroline": False,
}

_LAYOUT: dict[str, Any] = {
    "autosize": True,
    "font": {"color": "var(--muted)", "family": "var(--sans)", "size": 12},
    "hoverlabel": {
        "bgcolor": "var(--surface)",
        "bordercolor": "var(--line)",
        "font": {"color": "var(--ink)", "family": "var(--sans)", "size": 12},
    },
    "legend": {"orientation": "h", "x": 0, "xanchor": "left", "y": 1.02, "yanchor": "bottom"},
    "margin": {"b": 36, "l": 44, "r": 10, "t": 10},
    "paper_bgcolor": "rgba(0,0,0,0)",
    "plot_bgcolor": "rgba(0,0,0,0)",
    "showlegend": False,
}


@dataclass(frozen=True)
class Figure:
    """A figure of a report.

    Colours and fonts are CSS variables, ``"var(--near)"``; the page substitutes the values of the
    current colour scheme, so one description serves light and dark.

    Attributes:
        title: Title of the figure.
        reading: Caption: how to read the figure, and what good and bad look like; one or two short
            sentences.
        alt: Text alternative for screen readers.
        data: plotly.js traces.
        layout: plotly.js layout, merged into the layout that all figures share.
        tall: Whether the figure is as high as it is wide.
    """

    title: str
    reading: str
    alt: str
    data: Sequence[Mapping[str, Any]]
    layout: Mapping[str, Any] = field(default_factory=dict)
    tall: bool = False

    def description(self) -> dict[str, Any]:
        """Traces and complete layout for plotly.js."""
        layout = _merge(_LAYOUT, self.layout)
        for name in ("xaxis", "yaxis"):
            if name in layout:
                layout[name] = _merge(_AXIS, layout[name])
        if layout["showlegend"]:
            layout["margin"] = {**layout["margin"], "t": 34}
        return {"data": list(self.data), "layout": layout}

    def html(self) -> Html:
        """The figure as an HTML element."""
        return element(
            "figure",
            element("h3", self.title),
            element(
                "div", class_="plot tall" if self.tall else "plot", role="img", aria_label=self.alt
            ),
            element("script", Html(figure_json(self.description())), type="application/json"),
            element("figcaption", self.reading),
        )


def label(text: object, *, length: int = 60) -> str:
    """Escaped external text for a plotly label, as plotly interprets tags and entities.

    Example:
        >>> label("<b>&</b>")
        '&lt;b&gt;&amp;&lt;/b&gt;'
    """
    line = shorten(" ".join(clean(text).split()), length)
    return line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def level(value: float, text: str, *, above: bool = True) -> dict[str, Any]:
    """A horizontal line across the figure, labelled at its right end."""
    return {
        "type": "line",
        "xref": "paper",
        "x0": 0,
        "x1": 1,
        "y0": value,
        "y1": value,
        "layer": "below",
        "line": {"color": "var(--anchor)", "dash": "dash", "width": 1.2},
        "label": {
            "font": {"color": "var(--anchor)", "size": 11},
            "padding": 3,
            "text": text,
            "textposition": "end",
            "yanchor": "bottom" if above else "top",
        },
    }


def _merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        both = isinstance(value, Mapping) and isinstance(merged.get(key), Mapping)
        merged[key] = _merge(merged[key], value) if both else value
    return merged


def _plain(value: Any) -> Any:
    """Values for JSON: floats with five significant digits, null for infinities and NaN."""
    if isinstance(value, float):
        return float(f"{value:.5g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def figure_json(value: Any) -> str:
    """JSON that cannot close the surrounding HTML element."""
    text = json.dumps(_plain(value), allow_nan=False, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
