"""A line chart as an SVG file: drawn without a library, readable on light and on dark pages."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

__all__ = ["Line", "line_chart", "power"]

WIDTH, HEIGHT = 720, 380
LEFT, RIGHT, TOP, BOTTOM = 76, 150, 16, 48
COLOURS = ("#3f9bb8", "#d9743a", "#8f7fd0", "#5ba36b")
INK, GRID = "#808080", "#80808040"


@dataclass(frozen=True)
class Line:
    """One curve with its name at the right end; a dashed one is a level to compare with."""

    name: str
    x: Sequence[float]
    y: Sequence[float]
    dashed: bool = False


def line_chart(
    lines: Sequence[Line],
    *,
    alt: str,
    x_title: str,
    y_title: str,
    x_ticks: Sequence[float],
    y_ticks: Sequence[float],
    log_y: bool = False,
) -> str:
    """The chart with a logarithmic horizontal axis, its ends at the first and last ticks."""
    low, high = math.log(x_ticks[0]), math.log(x_ticks[-1])
    bottom, top = (math.log(y) if log_y else y for y in (y_ticks[0], y_ticks[-1]))

    def across(x: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (math.log(x) - low) / (high - low)

    def up(y: float) -> float:
        share = ((math.log(y) if log_y else y) - bottom) / (top - bottom)
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * share

    def text(
        x: float, y: float, words: str, anchor: str, *, colour: str = INK, turn: str = ""
    ) -> str:
        return (
            f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}"{turn}>'
            f"{escape(words)}</text>"
        )

    parts = [
        f'<clipPath id="plot"><rect x="{LEFT}" y="{TOP - 2}" width="{WIDTH - LEFT - RIGHT}"'
        f' height="{HEIGHT - TOP - BOTTOM + 4}"/></clipPath>'
    ]
    for y in y_ticks:
        parts.append(f'<path d="M{LEFT} {up(y):.1f}H{WIDTH - RIGHT}" stroke="{GRID}" fill="none"/>')
        parts.append(text(LEFT - 8, up(y) + 4, number(y), "end"))
    for x in x_ticks:
        parts.append(text(across(x), HEIGHT - BOTTOM + 18, number(x), "middle"))
    middle = (HEIGHT - BOTTOM + TOP) / 2
    parts.append(text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, x_title, "middle"))
    parts.append(text(14, middle, y_title, "middle", turn=f' transform="rotate(-90 14 {middle})"'))
    ends: list[float] = []
    order = sorted(range(len(lines)), key=lambda i: up(lines[i].y[-1]))
    for place in order:
        line, colour = lines[place], COLOURS[place % len(COLOURS)]
        points = [(across(x), up(y)) for x, y in zip(line.x, line.y, strict=True)]
        path = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
        dashes = ' stroke-dasharray="5 4"' if line.dashed else ""
        parts.append(
            f'<path d="M{path}" stroke="{colour}" stroke-width="2" fill="none"{dashes}'
            ' clip-path="url(#plot)"/>'
        )
        ends.append(max(points[-1][1] + 4, TOP + 4, ends[-1] + 15 if ends else 0))
        parts.append(text(WIDTH - RIGHT + 8, ends[-1], line.name, "start", colour=colour))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="{escape(alt)}" font-family="system-ui, sans-serif" font-size="13">\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )


def number(value: float) -> str:
    """As a reader expects it: thousands with a comma, powers of ten beyond, a true minus sign."""
    return power(value) if value >= 1e5 else f"{value:,g}".replace("-", "−")


def power(value: float) -> str:
    """A power of ten, with a digit before it unless that is 1.

    >>> power(3e6), power(1e25)
    ('3·10⁶', '10²⁵')
    """
    digit, exponent = f"{value:.0e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{'' if digit == '1' else digit + '·'}10{raised}"
