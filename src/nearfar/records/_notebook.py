"""What a notebook shows of a record: a heading, a small table and a picture.

Static markup without scripts, style sheets or links, which JupyterLab, VS Code and GitHub render.
Text has the colour of the surrounding page, marks have colours for light and dark backgrounds.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from typing import Any

from nearfar._signs import minus
from nearfar.records._markup import Html, element, join, shorten

__all__ = [
    "COLORS",
    "Line",
    "any_record",
    "chart",
    "figure",
    "scale",
    "shown",
    "table",
    "tone_color",
]

MUTED = "#808080"
_ROWS = 10
COLORS = ("#3f9bb8", "#d9743a", "#8f7fd0", "#4fa36d", "#cf6a9f", "#a98a2f")
"""Colours of curves, legible on light and on dark backgrounds."""
_TONES = {True: "#3a9d63", False: "#d9534f", None: MUTED}

Line = tuple[str, Sequence[tuple[float, float]]]
"""Name and points of a curve."""


def figure(value: float | None) -> str:
    """A number with three significant digits; a dash if it is missing.

    Example:
        >>> figure(-3.4149), figure(1234567), figure(float("inf")), figure(None)
        ('−3.41', '1,234,567', '∞', '–')
    """
    if value is None or math.isnan(value):
        return "–"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return minus(f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}")


def tone_color(healthy: bool | None) -> str:
    """Green, red, or grey."""
    return _TONES[healthy]


def shown(heading: str, *parts: str | None, healthy: bool | None = None) -> str:
    """The heading with a dot in the colour of the verdict, and what is below it."""
    dot = element("span", "● ", style=f"color:{tone_color(healthy)}")
    return element("div", element("p", dot, element("strong", heading)), *parts)


def table(rows: Sequence[Mapping[str, str]], *, left: Sequence[str] = ()) -> Html:
    """A table; columns in `left` are left-aligned, as the first one is.

    Args:
        rows: Text or :class:`Html` by column.
        left: Columns of words.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    side = {
        name: f"text-align:{'left' if name in left or not place else 'right'};padding:2px 8px"
        for place, name in enumerate(columns)
    }
    head = element("tr", *(element("th", name, style=side[name]) for name in columns))
    body = [
        element("tr", *(element("td", row.get(name, "–"), style=side[name]) for name in columns))
        for row in rows
    ]
    return element("table", element("thead", head), element("tbody", *body))


def any_record(record: Any) -> str:
    """A record without a display of its own: its scalars, and a table per list of records."""
    values = {each.name: getattr(record, each.name) for each in dataclasses.fields(record)}
    facts = [
        {"": name.replace("_", " "), "value": _cell(value)}
        for name, value in values.items()
        if isinstance(value, (str, int, float)) and value != ""
    ]
    tables = []
    for name, value in values.items():
        if not isinstance(value, tuple) or not value:
            continue
        if all(dataclasses.is_dataclass(item) for item in value):
            rows = [_row(item) for item in value[:_ROWS]]
            words = [key for key, cell in rows[0].items() if not cell[:1].isdigit()]
            tables += [element("p", _heading(name, len(value))), table(rows, left=words)]
        elif all(isinstance(item, str) for item in value):
            items = (element("li", item) for item in value[:_ROWS])
            tables += [element("p", _heading(name, len(value))), element("ul", *items)]
    name = type(record).__name__.removesuffix("Record")
    return shown(name, table(facts, left=("value",)) if facts else None, *tables)


def _heading(name: str, count: int) -> str:
    more = f", the first {_ROWS} of {count:,}" if count > _ROWS else ""
    return f"{name.replace('_', ' ')}{more}"


def _row(record: Any) -> dict[str, str]:
    values = {each.name: getattr(record, each.name) for each in dataclasses.fields(record)}
    return {name.replace("_", " "): _cell(value) for name, value in values.items()}


def _cell(value: Any) -> str:
    """A value in a cell; of a list of records the first word and number of each."""
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: "–"}[value]
    if isinstance(value, (int, float)):
        return figure(value)
    if isinstance(value, tuple):
        return ", ".join(_brief(item) for item in value[:_ROWS])
    return shorten(str(value), 80)


def _brief(item: Any) -> str:
    if not dataclasses.is_dataclass(item):
        return _cell(item)
    values = [getattr(item, each.name) for each in dataclasses.fields(item)]
    words = [shorten(value, 32) for value in values if isinstance(value, str) and value][:1]
    numbers = [figure(value) for value in values if isinstance(value, float)][:1]
    return " ".join([*words, *numbers])


def scale(
    value: float, anchors: Mapping[str, float], *, healthy: bool | None, wide: int = 150
) -> Html | None:
    """A line with a tick at each reference value and a dot at the measured value."""
    ticks = sorted((at, name) for name, at in anchors.items() if math.isfinite(at))
    if not ticks or not math.isfinite(value):
        return None
    ends = [*(at for at, _ in ticks), value, *([0.0] if len(ticks) == 1 else [])]
    low, high = min(ends), max(ends)
    if not 0 < high - low < math.inf:
        low, high = low - 0.5, low + 0.5

    def x(at: float) -> str:
        return f"{7 + (at - low) / (high - low) * (wide - 14):.1f}"

    marks = [
        element(
            "line",
            element("title", f"{name.replace('_', ' ')} {figure(at)}"),
            **{"x1": x(at), "x2": x(at), "y1": "3", "y2": "15", "stroke": "currentColor"},
        )
        for at, name in ticks
    ]
    base = element("line", x1="7", x2=f"{wide - 7}", y1="9", y2="9", stroke=MUTED)
    dot = element(
        "circle",
        element("title", figure(value)),
        **{"cx": x(value), "cy": "9", "r": "5", "fill": tone_color(healthy)},
    )
    return _svg(f"{figure(value)}", wide, 18, base, *marks, dot)


def chart(
    title: str,
    lines: Sequence[Line],
    *,
    across: str,
    levels: Mapping[str, float] | None = None,
    dots: bool = False,
    wide: int = 320,
    high: int = 190,
) -> Html | None:
    """Curves with two labels per axis; None if there is nothing to draw.

    Args:
        title: Title, which names the vertical axis.
        lines: The curves; one of a single point is a dot.
        across: Name of the horizontal axis.
        levels: Horizontal reference lines by name.
        dots: Whether the end of each curve has a dot.
        wide: Width in pixels.
        high: Height in pixels.
    """
    kept = [
        (name, [(x, y) for x, y in points if _drawable(x) and _drawable(y)])
        for name, points in lines
    ]
    kept = [(name, points) for name, points in kept if points]
    if not kept:
        return None
    known = {name: y for name, y in (levels or {}).items() if _drawable(y)}
    xs = [x for _, points in kept for x, _ in points]
    ys = [*(y for _, points in kept for _, y in points), *known.values()]
    left, right = _range(xs)
    bottom, top = _range(ys)
    room = 16 * (len(kept) > 1)

    def place(x: float, y: float) -> tuple[float, float]:
        return (
            44 + (x - left) / (right - left) * (wide - 56),
            24 + room + (top - y) / (top - bottom) * (high - 60 - room),
        )

    parts = [_words(10, 14, title, weight="bold")]
    for y in (bottom, top):
        at = place(left, y)[1]
        parts.append(_words(40, at + 4, figure(y), anchor="end"))
    floor = place(left, bottom)[1]
    parts.append(_words(44, floor + 16, figure(left)))
    parts.append(_words(wide - 12, floor + 16, figure(right), anchor="end"))
    parts.append(_words((wide + 32) / 2, floor + 30, across, anchor="middle"))
    parts.append(_stroke([place(left, bottom), place(right, bottom)], MUTED, width=0.8))
    parts.append(_stroke([place(left, bottom), place(left, top)], MUTED, width=0.8))
    for name, y in known.items():
        ends = [place(left, y), place(right, y)]
        parts.append(_stroke(ends, MUTED, width=1, dashed=True))
        parts.append(_words(ends[1][0], ends[1][1] - 3, name, anchor="end"))
    for number, (name, points) in enumerate(kept):
        color = COLORS[number % len(COLORS)]
        drawn = [place(x, y) for x, y in points]
        if len(drawn) > 1:
            parts.append(_stroke(drawn, color, width=1.6))
        if dots or len(drawn) == 1:
            x, y = drawn[-1]
            dot = {"cx": f"{x:.1f}", "cy": f"{y:.1f}", "r": "4.5", "fill": color}
            parts.append(element("circle", element("title", name), **dot))
    if room:
        parts += _legend([name for name, _ in kept], wide)
    alt = f"{title} against {across}: {', '.join(name for name, _ in kept)}"
    return _svg(alt, wide, high, *parts)


def _legend(names: Sequence[str], wide: int) -> list[Html]:
    """Names of the curves in a row above them, as many as there is room for."""
    parts, at = [], 44.0
    for number, name in enumerate(names):
        short = shorten(name, 24)
        width = 16 + 6.2 * len(short)
        if at + width > wide - 20 and number + 1 < len(names):
            parts.append(_words(at, 30, f"+ {len(names) - number}"))
            break
        dot = {"cx": f"{at + 4:.0f}", "cy": "26", "r": "4", "fill": COLORS[number % len(COLORS)]}
        parts += [element("circle", **dot), _words(at + 11, 30, short)]
        at += width
    return parts


def _range(values: Sequence[float]) -> tuple[float, float]:
    low, high = min(values), max(values)
    air = 0.05 * (high - low) or 0.1 * abs(high) or 0.1
    return (low, high) if high - low > 1e-12 * abs(high) else (low - air, high + air)


def _drawable(value: float) -> bool:
    return math.isfinite(value) and abs(value) < 1e100


def _stroke(
    points: Sequence[tuple[float, float]], color: str, *, width: float, dashed: bool = False
) -> Html:
    return element(
        "polyline",
        points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points),
        fill="none",
        stroke=color,
        stroke_width=f"{width:g}",
        stroke_linejoin="round",
        stroke_dasharray="5 4" if dashed else None,
    )


def _words(
    x: float, y: float, text: str, *, anchor: str = "start", weight: str | None = None
) -> Html:
    return element(
        "text",
        text,
        x=f"{x:.1f}",
        y=f"{y:.1f}",
        fill="currentColor",
        text_anchor=anchor,
        font_weight=weight,
    )


def _svg(alt: str, wide: int, high: int, *parts: Html) -> Html:
    attributes = {
        "xmlns": "http://www.w3.org/2000/svg",
        "role": "img",
        "aria_label": alt,
        "width": f"{wide}",
        "height": f"{high}",
        "viewBox": f"0 0 {wide} {high}",
        "font_family": "sans-serif",
        "font_size": "11",
    }
    return join(element("svg", *parts, **attributes))
