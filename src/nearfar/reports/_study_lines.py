"""Lines and points of a study as an SVG figure, for light and dark pages."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape

from nearfar.records import StudyFigure, StudySeries
from nearfar.reports._formatting import number

__all__ = ["render_study_lines"]

_COLORS = ("#3f9bb8", "#d9743a", "#8f7fd0", "#5a9e5a", "#c25b7a", "#a08a2e", "#6b7a8f", "#b06fb8")
_DASHES = ("", "6 4", "2 3")
_WIDTH, _HEIGHT, _LEFT, _RIGHT, _TOP, _BOTTOM = 720, 420, 66, 16, 16, 48
_TITLE, _DIGIT = 28, 7  # room for the title of the vertical axis, and for a digit of its labels
_LEGEND_ROW, _LEGEND_COLUMN = 18, 340
_STEPS = (1, 2, 2.5, 5, 10)

Place = Callable[[float], float]


def render_study_lines(figure: StudyFigure) -> str:
    """Plot the series of a figure, with a legend below.

    Colours repeat after eight series, with dashed lines. Positions that a logarithmic axis cannot
    show are left out. The values are also given as text, for those who cannot see the figure.
    """
    xs = [x for series in figure.series for x in series.x if _shows(x, log=figure.log_x)]
    ys = [y for s in figure.series for y in _extent(s) if _shows(y, log=figure.log_y)]
    ticks_x = _ticks(xs, log=figure.log_x)
    ticks_y = _ticks(ys, log=figure.log_y)
    bottom = _TOP + _HEIGHT
    left = max(_LEFT, _TITLE + _DIGIT * max(len(number(tick)) for tick in ticks_y))
    x = _scaled(ticks_x, left, _WIDTH - _RIGHT, log=figure.log_x)
    y = _scaled(ticks_y, bottom, _TOP, log=figure.log_y)
    parts = [*_grid(ticks_x, ticks_y, x, y), *_titles(figure, left)]
    for place, series in enumerate(figure.series):
        parts += _drawn(series, place, figure, x, y)
    rows = -(-len(figure.series) // 2)
    parts += _legend(figure.series)
    height = bottom + _BOTTOM + _LEGEND_ROW * rows + 8
    label = escape(f"{figure.title}. {_words(figure)}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}"'
        f' viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12">\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _extent(series: StudySeries) -> list[float]:
    """The values of a series, with the ends of their bars."""
    return [*series.y, *(end for bar in series.bars for end in bar)]


def _shows(value: float, *, log: bool) -> bool:
    return math.isfinite(value) and (value > 0 or not log)


def _ticks(values: Sequence[float], *, log: bool) -> list[float]:
    """Ticks that cover the values."""
    low, high = min(values, default=1.0), max(values, default=10.0)
    if log:
        first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
        step = max(1, (last - first) // 8)
        last = first + step * max(1, -(-(last - first) // step))
        return [10.0**power for power in range(first, last + 1, step)]
    size = (high - low) or abs(high) or 1.0
    exact = size / 6
    unit = 10 ** math.floor(math.log10(exact))
    step = next(s * unit for s in _STEPS if s * unit >= exact)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [step * place for place in range(first, max(last, first + 1) + 1)]


def _scaled(ticks: Sequence[float], start: float, end: float, *, log: bool) -> Place:
    """Position of a value on an axis from the first to the last tick."""

    def on(value: float) -> float:
        return math.log10(value) if log else value

    low, high = on(ticks[0]), on(ticks[-1])
    return lambda value: start + (on(value) - low) / (high - low) * (end - start)


def _grid(ticks_x: Sequence[float], ticks_y: Sequence[float], x: Place, y: Place) -> list[str]:
    parts = []
    bottom, left = _TOP + _HEIGHT, x(ticks_x[0])
    for tick in ticks_x:
        parts.append(_line((x(tick), _TOP, x(tick), bottom), "#808080", opacity=0.22))
        parts.append(_text(x(tick), bottom + 16, number(tick), anchor="middle"))
    for tick in ticks_y:
        parts.append(_line((left, y(tick), _WIDTH - _RIGHT, y(tick)), "#808080", opacity=0.22))
        parts.append(_text(left - 6, y(tick) + 4, number(tick), anchor="end"))
    return parts


def _titles(figure: StudyFigure, left: float) -> list[str]:
    middle = _TOP + _HEIGHT / 2
    across = _text((left + _WIDTH - _RIGHT) / 2, _TOP + _HEIGHT + 36, figure.x_title, "middle")
    up = (
        f'<text transform="translate(14 {middle:.0f}) rotate(-90)" text-anchor="middle"'
        f' fill="#808080">{escape(figure.y_title)}</text>'
    )
    return [across, up]


def _drawn(series: StudySeries, place: int, figure: StudyFigure, x: Place, y: Place) -> list[str]:
    color = _COLORS[place % len(_COLORS)]
    dashes = _DASHES[place // len(_COLORS) % len(_DASHES)]
    labels = series.labels or ("",) * len(series.y)
    parts, path = [], []
    for at, value, (low, high), label in zip(series.x, series.y, series.bars, labels, strict=True):
        if not (_shows(at, log=figure.log_x) and _shows(value, log=figure.log_y)):
            continue
        path.append(f"{x(at):.1f},{y(value):.1f}")
        if low < high and _shows(low, log=figure.log_y):
            ends = (x(at), y(low), x(at), y(high))
            parts.append(_line(ends, color, width=1.6, opacity=0.6))
        if figure.kind == "points" or len(series.x) <= 20:
            said = ", ".join(filter(None, [label or series.name, f"{at:.4g}: {value:.4g}"]))
            parts.append(
                f'<circle cx="{x(at):.1f}" cy="{y(value):.1f}" r="3" fill="{color}">'
                f"<title>{escape(said)}</title></circle>"
            )
    if figure.kind == "lines" and len(path) > 1:
        dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
        parts.append(
            f'<polyline points="{" ".join(path)}" fill="none" stroke="{color}"'
            f' stroke-width="1.8"{dashed}/>'
        )
    return parts


def _legend(series: Sequence[StudySeries]) -> list[str]:
    parts = []
    for place, one in enumerate(series):
        left = _LEFT + _LEGEND_COLUMN * (place % 2)
        top = _TOP + _HEIGHT + _BOTTOM + _LEGEND_ROW * (place // 2) + 8
        color = _COLORS[place % len(_COLORS)]
        dashes = _DASHES[place // len(_COLORS) % len(_DASHES)]
        parts.append(_line((left, top - 4, left + 22, top - 4), color, width=2, dashes=dashes))
        parts.append(_text(left + 28, top, one.name))
    return parts


def _line(
    ends: tuple[float, float, float, float],
    color: str,
    *,
    width: float = 1.0,
    opacity: float = 1.0,
    dashes: str = "",
) -> str:
    x1, y1, x2, y2 = ends
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"'
        f' stroke-width="{width}" stroke-opacity="{opacity}"{dashed}/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#808080">{escape(text)}</text>'
    )


def _words(figure: StudyFigure) -> str:
    """The first and last point of each series."""
    said = []
    for series in figure.series:
        if series.y:
            first, last = f"{series.y[0]:.3g}", f"{series.y[-1]:.3g}"
            ends = f"{first} at {series.x[0]:.4g}, {last} at {series.x[-1]:.4g}"
            said.append(f"{series.name}: {ends}")
    return f"{figure.y_title} against {figure.x_title}; {'; '.join(said)}"
