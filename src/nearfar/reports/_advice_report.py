"""The page of ``nearfar advise --plot``: the bounds against the number of candidates."""

from __future__ import annotations

import math
from typing import Any

from nearfar._signs import counted
from nearfar.records import AdviceRecord, Curve
from nearfar.reports._figure import Figure, label
from nearfar.reports._html import Html, element
from nearfar.reports._page import page
from nearfar.reports._section import missing, scrolling, section_of

__all__ = ["render_advice"]

_COLORS = ("var(--far)", "var(--near)", "var(--anchor)")
_MOST = math.log(1e30)  # larger bounds are not drawn


def render_advice(advice: AdviceRecord) -> str:
    """A self-contained HTML page: a table of all statements with formulas, a plot of the bounds.

    Args:
        advice: The result of :func:`nearfar.theory.advise`.

    Returns:
        The page.
    """
    return page(
        "Advice · nearfar",
        [
            element("p", "nearfar advice", class_="eyebrow"),
            element("h1", "Theory's predictions"),
            element("p", advice.setting, class_="subject"),
        ],
        [_statements(advice), _bounds(advice)],
        [],
    )


def _statements(advice: AdviceRecord) -> Html:
    rows = [
        element(
            "tr",
            element("th", line.about, scope="row"),
            element("td", line.statement, data_column=_COLUMNS[1]),
            element("td", element("code", line.formula), data_column=_COLUMNS[2]),
        )
        for line in advice.lines
    ]
    head = element("tr", *(element("th", word, scope="col") for word in _COLUMNS))
    table = element("table", element("thead", head), element("tbody", *rows), class_="words")
    return section_of("statements", "Statements", scrolling(table, "Statements"))


_COLUMNS = ("about", "prediction", "formula")


def _bounds(advice: AdviceRecord) -> Html:
    lead = (
        f"Upper bounds on the supervised loss of an encoder that maps each of {advice.classes:,}"
        " classes to one point. A bound above the loss of a collapsed encoder is vacuous."
    )
    if not advice.curves:
        return section_of(
            "bounds", "Bounds", missing("Not drawn: give the classes with --classes or --data.")
        )
    figure = Figure(
        "Bounds against the number of candidates",
        "Arora et al. divide by the probability of a draw without collisions, which vanishes as"
        " negatives are added; the coupon collector's bound is constant once a batch contains all"
        " classes.",
        "; ".join(_words(curve) for curve in advice.curves) + ".",
        [_trace(curve, color) for curve, color in zip(advice.curves, _COLORS, strict=True)],
        {
            "hovermode": "x unified",
            "showlegend": True,
            "xaxis": {"type": "log", "title": {"text": "candidates, K + 1"}},
            "yaxis": {"type": "log", "title": {"text": "upper bound"}, "exponentformat": "power"},
        },
    )
    return section_of(
        "bounds", "Bounds", element("div", figure.html(), class_="figures"), lead=lead
    )


def _trace(curve: Curve, color: str) -> dict[str, Any]:
    values = [math.exp(value) if value < _MOST else math.inf for value in curve.values]
    dash = "dash" if color == _COLORS[-1] else "solid"
    return {
        "type": "scatter",
        "mode": "lines",
        "name": label(curve.name),
        "x": curve.candidates,
        "y": values,
        "line": {"color": color, "width": 2, "dash": dash},
        "hovertemplate": "%{y:.3~g}",
    }


def _words(curve: Curve) -> str:
    drawn = [place for place, value in enumerate(curve.values) if value < _MOST]
    if not drawn:
        return f"{curve.name}: beyond the plotted range"
    last = curve.values[drawn[-1]] / math.log(10)
    return f"{curve.name}: 10^{last:.1f} at {counted(curve.candidates[drawn[-1]], 'candidate')}"
