"""A line chart as an SVG file, readable on light and on dark pages."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

import matplotlib as mpl
from numpy.typing import ArrayLike

mpl.use("svg")

from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, FuncFormatter, NullLocator

__all__ = ["Line", "line_chart", "pictures", "power"]

COLORS = ("#3f9bb8", "#d9743a", "#8f7fd0", "#5ba36b")
STYLE = {
    "svg.fonttype": "none",
    "svg.hashsalt": "nearfar",  # else every run names its parts again
    "font.family": "sans-serif",
    "axes.edgecolor": "#80808080",
    "axes.labelcolor": "#808080",
    "axes.spines.right": False,
    "axes.spines.top": False,
    "grid.color": "#808080",
    "grid.alpha": 0.25,
    "xtick.color": "#808080",
    "ytick.color": "#808080",
}


@dataclass(frozen=True)
class Line:
    """One curve with its name in the legend; a dashed one is a level to compare with.

    A level of the curve before it has that curve's colour, and no name.
    """

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
    log_x: bool = True,
    log_y: bool = False,
) -> str:
    """The chart as SVG; the axes end at the first and last ticks."""
    with mpl.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(7.2, 3.8), layout="constrained")
        place = -1
        for line in lines:
            place += bool(line.name)
            style, color = "--" if line.dashed else "-", COLORS[place]
            name = line.name or "_nolegend_"
            axes.plot(line.x, line.y, style, color=color, linewidth=2, label=name)
        axes.set_xscale("log" if log_x else "linear")
        axes.set_yscale("log" if log_y else "linear")
        for axis, ticks in ((axes.xaxis, x_ticks), (axes.yaxis, y_ticks)):
            axis.set_major_locator(FixedLocator(list(ticks)))
            axis.set_minor_locator(NullLocator())
            axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axes.set(xlim=(x_ticks[0], x_ticks[-1]), ylim=(y_ticks[0], y_ticks[-1]))
        axes.set(xlabel=x_title, ylabel=y_title)
        axes.grid(axis="y")
        axes.legend(
            loc="center left", bbox_to_anchor=(1, 0.5), frameon=False, labelcolor="linecolor"
        )
        return _svg(figure, alt)


def pictures(rows: Sequence[Sequence[ArrayLike]], names: Sequence[str], *, alt: str) -> str:
    """Small images side by side, each row with its name, as SVG."""
    with mpl.rc_context(STYLE):
        figure, grid = plt.subplots(
            len(rows), len(rows[0]), figsize=(7.2, 0.95 * len(rows)), layout="constrained"
        )
        for name, images, cells in zip(names, rows, grid, strict=True):
            for image, cell in zip(images, cells, strict=True):
                cell.imshow(image, interpolation="nearest")
                cell.set(xticks=[], yticks=[])
                cell.spines[:].set_visible(False)
            cells[0].set_ylabel(name, rotation=0, ha="right", va="center")
        return _svg(figure, alt)


def _svg(figure: Figure, alt: str) -> str:
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    plt.close(figure)
    drawing = text.getvalue()
    start = drawing.index("<svg ")
    return f'<svg role="img" aria-label={quoteattr(alt)} {drawing[start + 5 :]}'


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
