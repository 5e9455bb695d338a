"""A study's table as an SVG figure: mean and spread of each row, for light and dark pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from nearfar.records import Column, StudyRecord, StudyRow

__all__ = ["render_study_figure"]

_COLORS = ("#3f9bb8", "#d9743a", "#8f7fd0")
_MARGIN, _LEFT, _RIGHT, _TOP, _ROW, _WIDTH = 12, 150, 26, 58, 22, 720
_STEPS = (1, 2, 5, 10, 20, 25)


def render_study_figure(record: StudyRecord) -> str:
    """Plot the ``percent`` columns of each row, with vertical lines at the baselines.

    Methods are sorted by the first such column. The lines are the baselines' values of that column.
    """
    columns = [column for column in record.columns if column.kind == "percent"]
    rows = [row for row in record.rows if any(row.values.get(c.key) for c in columns)]
    methods = sorted(
        (row for row in rows if not row.baseline),
        key=lambda row: -(row.mean(columns[0].key) or 0.0),
    )
    baselines = [row for row in rows if row.baseline]
    shown = [*methods, *baselines]
    low, high, step = _range(shown, columns)
    height = _TOP + _ROW * len(shown) + 44

    def x(value: float) -> float:
        return _LEFT + (100 * value - low) / (high - low) * (_WIDTH - _LEFT - _RIGHT)

    bottom = height - 40
    parts = [_legend(columns)]
    for tick in range(low, high + 1, step):
        at = x(tick / 100)
        parts.append(_line(at, _TOP - 6, at, bottom, "#808080", width=1, opacity=0.22))
        parts.append(_text(at, bottom + 16, str(tick), anchor="middle"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, bottom + 34, "accuracy, %", anchor="middle"))
    for row in baselines:  # reference lines through the methods' rows
        level = row.mean(columns[0].key)
        if level is not None and methods:
            end = _TOP + _ROW * len(methods)
            parts.append(_line(x(level), _TOP - 6, x(level), end, _COLORS[0], dashed=True))
    for place, row in enumerate(shown):
        y = _TOP + _ROW * (place + 0.5)
        parts.append(_text(_LEFT - 10, y + 4, row.name, anchor="end", italic=row.baseline))
        for number, column in enumerate(columns):
            parts += _dot(row, column, y + 5 * (number - (len(columns) - 1) / 2), number, x)
    label = escape(f"{record.title}: {_words(shown, columns[0])}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label="{label}"'
        f' viewBox="0 0 {_WIDTH} {height}" font-family="sans-serif" font-size="12">\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def _range(rows: Sequence[StudyRow], columns: Sequence[Column]) -> tuple[int, int, int]:
    """Ends of the axis in percent, and the spacing of its ticks."""
    values = [100 * v for row in rows for c in columns for v in row.values.get(c.key, ())]
    least, most = min(values, default=0.0), max(values, default=100.0)
    step = next((s for s in _STEPS if (most - least) / s <= 10), _STEPS[-1])
    low = int(least // step) * step
    high = -int(-most // step) * step
    return low, max(high, low + step), step


def _dot(
    row: StudyRow, column: Column, y: float, number: int, x: Callable[[float], float]
) -> list[str]:
    mean, spread = row.mean(column.key), row.spread(column.key)
    if mean is None:
        return []
    color = _COLORS[number % len(_COLORS)]
    drawn = []
    if spread:
        drawn.append(_line(x(mean - spread), y, x(mean + spread), y, color, width=2))
    words = f"{row.name}, {column.title}: {100 * mean:.1f}"
    words += f" ± {100 * spread:.1f}" if spread is not None else ""
    drawn.append(
        f'<circle cx="{x(mean):.1f}" cy="{y:.1f}" r="3.5" fill="{color}">'
        f"<title>{escape(words)}</title></circle>"
    )
    return drawn


def _legend(columns: Sequence[Column]) -> str:
    parts, at = [], float(_LEFT)
    for number, column in enumerate(columns):
        parts.append(f'<circle cx="{at:.0f}" cy="22" r="3.5" fill="{_COLORS[number % 3]}"/>')
        parts.append(_text(at + 9, 26, column.title))
        at += 30 + 6 * len(column.title)
    parts.append(_line(at + 4, 22, at + 28, 22, _COLORS[0], dashed=True))
    parts.append(_text(at + 34, 26, f"a baseline's {columns[0].title}; bars: ± 1 sd over seeds"))
    return "\n".join(parts)


def _line(
    x1: float,
    y1: float,
    x2: float,
    y2: float,
    color: str,
    *,
    width: float = 1.2,
    opacity: float = 1.0,
    dashed: bool = False,
) -> str:
    dashes = ' stroke-dasharray="5 4"' if dashed else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{color}"'
        f' stroke-width="{width}" stroke-opacity="{opacity}"{dashes}/>'
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", italic: bool = False) -> str:
    style = ' font-style="italic"' if italic else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="#808080"{style}>'
        f"{escape(text)}</text>"
    )


def _words(rows: Sequence[StudyRow], column: Column) -> str:
    known = [(row.name, row.mean(column.key)) for row in rows]
    return ", ".join(f"{name} {100 * mean:.1f}" for name, mean in known if mean is not None)
