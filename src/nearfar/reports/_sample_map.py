"""An interactive map of the samples: pictures, colours by a reading, keys and search."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from nearfar._signs import counted
from nearfar.records import Exhibit, GeometryRecord
from nearfar.reports._figure import Figure, figure_json
from nearfar.reports._formatting import count, number
from nearfar.reports._gallery_section import is_base64
from nearfar.reports._html import Html, clean, element, shorten
from nearfar.reports._section import missing, scrolling, section_of

__all__ = ["map_figure", "section"]

_NAME = 80  # characters of a name
_ENDS = 5  # samples at both ends of a reading
_CUT = 0.02  # share of the values at each end that have the colour of the end
_FOUND = 0.05  # share of other samples that may be nearer than the own second view


@dataclass(frozen=True)
class _Reading:
    """A measurement of each sample."""

    title: str
    values: Sequence[float]
    percent: bool = False
    words: tuple[str, str] | None = None

    def shown(self, value: float) -> str:
        if not math.isfinite(value):
            return "–"
        if self.words:
            return self.words[int(value > 0.5)]
        return f"{value:.0%}" if self.percent else number(value)

    @property
    def known(self) -> list[float]:
        return sorted(value for value in self.values if math.isfinite(value))

    def description(self) -> dict[str, Any]:
        """Values and colours for the script of the page."""
        known = self.known
        low, high = (known[round(share * (len(known) - 1))] for share in (_CUT, 1 - _CUT))
        if self.words:
            low, high = 0.0, 1.0
        described = {
            "title": self.title,
            "values": list(self.values),
            "shown": [self.shown(value) for value in self.values],
            "low": low,
            "high": high if high > low else low + 1,
        }
        if self.words:
            described |= {"ticks": [0, 1], "words": list(self.words)}
        return described


def section(geometry: GeometryRecord | None, samples: Sequence[Exhibit] = ()) -> Html:
    """The map of a run's watched samples, or of the rows of a matrix.

    Args:
        geometry: The points and their readings.
        samples: Samples as small pictures or texts, each with its name as the caption.
    """
    figure = None if geometry is None else map_figure(geometry, samples, place="samples")
    return section_of(
        "map",
        "Map of the samples",
        figure or missing("Not drawn: geometry.json contains no points of two dimensions."),
    )


def map_figure(
    geometry: GeometryRecord,
    samples: Sequence[Exhibit] = (),
    *,
    place: str,
    title: str = "Samples",
    layout: Sequence[Sequence[float]] = (),
) -> Html | None:
    """A map with controls, a description of the marked sample, and a table; None without points.

    Args:
        geometry: The points and their readings.
        samples: Samples as small pictures or texts.
        place: Distinguishes the maps of a page.
        title: Title of the figure.
        layout: Coordinates to use instead of those of the geometry.
    """
    points = layout or geometry.layout or [point[:2] for point in geometry.points]
    if not points or len(points[0]) < 2:
        return None
    readings = _readings(geometry)
    names = [shorten(" ".join(clean(name).split()), _NAME) for name in geometry.ids[: len(points)]]
    names += [f"row {row}" for row in range(len(names), len(points))]
    pictures = {exhibit.caption: exhibit for exhibit in samples}
    known = [pictures.get(str(name)) for name in geometry.ids[: len(points)]]
    known += [None] * (len(points) - len(known))
    figure = _figure(points, geometry, title, kept=bool(layout or geometry.layout))
    described = figure.description() | {
        "map": {
            "names": names,
            "texts": [clean(each.text) if each else "" for each in known],
            "pictures": [each.png if each and is_base64(each.png) else "" for each in known],
            "readings": [reading.description() for reading in readings],
        }
    }
    return element(
        "div",
        element(
            "figure",
            element("h3", figure.title),
            _controls(readings, place),
            element(
                "div",
                element(
                    "div",
                    element("div", class_="plot tall", role="img", aria_label=figure.alt),
                    class_="focus",
                    tabindex="0",
                    role="group",
                    aria_label="Map. Arrow keys go to the nearest sample in a direction, Home and"
                    " End to the lowest and the highest value of the colour.",
                ),
                element(
                    "div",
                    "Point at a sample, or use the arrow keys.",
                    class_="seen",
                    aria_live="polite",
                ),
                class_="stage",
            ),
            element("script", Html(figure_json(described)), type="application/json"),
            element("figcaption", figure.reading),
        ),
        _table(readings, names),
        class_="map",
    )


def _readings(geometry: GeometryRecord) -> list[_Reading]:
    """The readings that the geometry has, in the order of the menu."""
    known = geometry.readings
    ranks = known.get("partner_rank", ())
    found = [math.nan if math.isnan(rank) else float(rank <= _FOUND) for rank in ranks]
    every = [
        _Reading("neighbours in common", known.get("neighbors_kept", ()), percent=True),
        _Reading("local dimension", known.get("local_dimension", ())),
        _Reading("length, in medians", known.get("length", ())),
        _Reading("others nearer than the second view", ranks, percent=True),
        _Reading("second view", found, words=("not found", "found")),
    ]
    return [each for each in every if len(each.values) == len(geometry.points) and each.known]


def _controls(readings: Sequence[_Reading], place: str) -> Html:
    options = (
        element("option", reading.title, value=str(rank)) for rank, reading in enumerate(readings)
    )
    menu = element("label", "Colour ", element("select", *options)) if readings else None
    known = f"names-of-{place}"
    field = element("input", type="search", list=known, autocomplete="off", spellcheck="false")
    search = element("label", "Find ", field)
    return element("div", menu, search, element("datalist", id=known), class_="controls")


def _figure(
    points: Sequence[Sequence[float]], geometry: GeometryRecord, title: str, *, kept: bool
) -> Figure:
    side = {
        "showgrid": False,
        "showticklabels": False,
        "showline": False,
        "title": {"text": "" if kept else "principal direction"},
    }
    shown = len(points)
    every = counted(shown, "sample")
    if geometry.samples > shown:
        every = f"{count(shown)} of {counted(geometry.samples, 'sample')}, evenly spaced"
    how = (
        "Neighbours on the map are neighbours on the sphere (t-SNE); distances between groups and"
        " their sizes have no meaning."
        if kept
        else "The two principal directions of largest variance."
    )
    found = ""
    if "partner_rank" in geometry.readings:
        found = f" Second views count as not found if over {_FOUND:.0%} of the others are nearer."
    return Figure(
        title,
        f"{how} {every[:1].upper()}{every[1:]}.{found}",
        f"Map of {every}; the table below has the samples at both ends of each reading.",
        [
            {
                "type": "scatter",
                "mode": "markers",
                "x": [point[0] for point in points],
                "y": [point[1] for point in points],
                "hoverinfo": "none",
                "marker": {
                    "color": "var(--near)",
                    "colorscale": [[0, "var(--near)"], [0.5, "var(--middle)"], [1, "var(--far)"]],
                    "colorbar": _COLORBAR,
                    "opacity": 0.85,
                    "size": 7 if shown <= 500 else 5,
                    "line": {"width": 0},
                },
            },
            {
                "type": "scatter",
                "mode": "markers",
                "x": [],
                "y": [],
                "hoverinfo": "skip",
                "marker": {
                    "color": "rgba(0,0,0,0)",
                    "size": 15,
                    "line": {"color": "var(--ink)", "width": 2},
                },
            },
        ],
        {
            "hovermode": "closest",
            "margin": {"b": 8, "l": 8, "r": 8, "t": 8},
            "xaxis": side,
            "yaxis": {**side, "scaleanchor": "x"},
        },
        tall=True,
    )


_COLORBAR: Mapping[str, Any] = {
    "orientation": "h",
    "thickness": 10,
    "len": 0.6,
    "x": 0,
    "xanchor": "left",
    "y": 0,
    "yanchor": "top",
    "outlinewidth": 0,
    "tickfont": {"size": 11},
    "title": {"font": {"size": 11}, "side": "top"},
}


def _table(readings: Sequence[_Reading], names: Sequence[str]) -> Html | None:
    """The samples at both ends of each reading, for those who do not see the map."""
    if not readings:
        return None
    columns = ("reading", "lowest", "highest")
    head = element("tr", *(element("th", name, scope="col") for name in columns))
    rows = []
    for reading in readings:
        if reading.words:
            continue
        order = sorted(
            (value, place) for place, value in enumerate(reading.values) if math.isfinite(value)
        )
        ends = (order[:_ENDS], order[::-1][:_ENDS])
        cells = (
            element(
                "td",
                ", ".join(f"{names[place]} ({reading.shown(value)})" for value, place in end),
                data_column=column,
            )
            for end, column in zip(ends, columns[1:], strict=True)
        )
        rows.append(element("tr", element("th", reading.title, scope="row"), *cells))
    table = element("table", element("thead", head), element("tbody", *rows), class_="words")
    return element(
        "details",
        element("summary", "Samples at both ends of each reading"),
        scrolling(table, "Samples at both ends of each reading"),
    )
