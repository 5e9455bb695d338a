"""Spectrum of the embeddings' covariance."""

from __future__ import annotations

import math

from nearfar._signs import counted
from nearfar.records import GeometryRecord, Metrics
from nearfar.reports._curves import line
from nearfar.reports._figure import Figure, level
from nearfar.reports._formatting import count, number
from nearfar.reports._html import Html, element
from nearfar.reports._section import missing, section_of
from nearfar.reports._series import Series, thin
from nearfar.reports._spectrum_course import spectra_over_time

__all__ = ["section"]

_FLOOR = 1e-9
"""Eigenvalues below this fraction of the largest are rounding errors of a float32 covariance."""


def section(geometry: GeometryRecord | None, metrics: Metrics | None = None) -> Html:
    """Eigenvalues of the covariance of the unit vectors, at the end and over the run."""
    drawn = []
    if geometry:
        for values, title in (
            (geometry.eigenvalues, "Eigenvalues"),
            (geometry.representation_eigenvalues, "Eigenvalues of the representation"),
        ):
            kept = [v for v in values if math.isfinite(v)]
            if kept and kept[0] > 0:
                drawn.append(_figure(kept, title).html())
    drawn += [figure.html() for figure in spectra_over_time(metrics or Metrics())]
    return section_of(
        "spectrum",
        "Spectrum",
        element("div", *drawn, class_="figures wide" if len(drawn) < 2 else "figures")
        if drawn
        else missing("Not measured: geometry.json contains no eigenvalues above zero."),
        lead="The variance of the embeddings along each of their principal directions"
        + (", of the projection and of the representation." if len(drawn) > 1 else "."),
    )


def _figure(values: list[float], title: str) -> Figure:
    floor = values[0] * _FLOOR
    kept = [v for v in values if v > floor]
    lost = len(values) - len(kept)
    even = sum(kept) / len(values)
    curve = thin(Series([float(i + 1) for i in range(len(kept))], kept))
    low, high = math.log10(min(*kept, even)), math.log10(max(*kept, even))
    gone = (
        f" {counted(lost, 'direction has', plural='directions have')} zero variance."
        if lost
        else ""
    )
    needed = _needed(kept, share=0.9)
    return Figure(
        title,
        "Good: a gentle slope to the right edge. Bad: a cliff; the directions beyond it are not"
        f" used. Here {count(needed)} of {counted(len(values), 'direction')} account for 90% of the"
        f" variance.{gone}",
        f"{counted(len(values), 'eigenvalue')} from {number(kept[0])} down to {number(kept[-1])}.",
        [
            line(
                curve,
                "eigenvalue",
                "var(--near)",
                mode="lines+markers" if len(curve.y) <= 128 else "lines",
                marker={"size": 4},
                hovertemplate="direction %{x}: %{y:.3~g}<extra></extra>",
            )
        ],
        {
            "hovermode": "closest",
            "shapes": [level(even, f"all equal {number(even)}")],
            "xaxis": {
                "showgrid": False,
                "title": {"text": "principal direction"},
                "range": [0.5, len(values) + 0.5],
                **({"dtick": 1} if len(values) <= 10 else {}),
            },
            "yaxis": {
                "type": "log",
                "exponentformat": "power",
                "tickfont": {"size": 11},
                **({"dtick": 1} if high - low > 1 else {}),
                "range": [low - 0.2, high + 0.2],
                "title": {"text": "variance"},
            },
        },
    )


def _needed(values: list[float], *, share: float) -> int:
    """Number of the largest values that together reach a fraction `share` of the sum."""
    goal, total = share * sum(values), 0.0
    for place, value in enumerate(values, start=1):
        total += value
        if total >= goal:
            return place
    return len(values)
