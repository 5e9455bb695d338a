"""How the run went: every curve beside its anchors."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from nearfar.records import HealthRecord
from nearfar.reports._figure import Figure, label, level
from nearfar.reports._html import Html, element
from nearfar.reports._numbers import number
from nearfar.reports._quantities import QUANTITIES, anchors
from nearfar.reports._section import missing, section_of
from nearfar.reports._series import Metrics, Series, smooth, thin

__all__ = ["axis_around", "line", "section"]


def section(metrics: Metrics, *, health: HealthRecord | None, chance: float | None) -> Html:
    """Loss, alignment, uniformity, centre and residual, effective rank, learning rate."""
    dim = int(metrics.last("dim") or (health.dim if health else 0))
    samples = int(metrics.last("samples") or (health.samples if health else 0))

    def watched(name: str, *others: tuple[str, str]) -> Figure | None:
        known = anchors(name, health=health, dim=dim, samples=samples)
        return _watched(metrics, name, known, others)

    figures = [
        _loss(metrics, chance),
        watched("alignment"),
        watched("uniformity"),
        watched("m_o", ("m_r", "var(--far)")),
        watched("effective_rank"),
        _learning_rate(metrics),
        _terms(metrics),
    ]
    drawn = [figure.html() for figure in figures if figure]
    absent = [
        QUANTITIES[name].title.lower() if name in QUANTITIES else name.replace("_", " ")
        for name, figure in zip(
            ("loss", "alignment", "uniformity", "m_o", "effective_rank", "learning_rate"),
            figures,
            strict=False,
        )
        if figure is None
    ]
    return section_of(
        "training",
        "Training",
        element("div", *drawn, class_="figures") if drawn else None,
        missing(f"Not in metrics.jsonl: {', '.join(absent)}.") if absent else None,
        lead="Each curve is drawn beside what it would read if nothing were learnt, or if"
        " everything had collapsed (dashed).",
    )


def line(series: Series, name: str, colour: str, **more: Any) -> dict[str, Any]:
    """A curve as plotly takes it."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": series.x,
        "y": series.y,
        "line": {"color": colour, "width": 2},
        "hovertemplate": "%{y:.4~g}",
        **more,
    }


def axis_around(values: Sequence[float]) -> dict[str, Any]:
    """A vertical axis that holds all values, with air above and below."""
    low, high = min(values), max(values)
    air = 0.08 * (high - low) or 0.1 * abs(high) or 0.1
    return {"range": [low - air, high + 1.6 * air]}  # names of levels stand above their lines


def _layout(metrics: Metrics, values: Sequence[float], **more: Any) -> dict[str, Any]:
    return {
        "hovermode": "x unified",
        "xaxis": {"rangemode": "tozero", "showgrid": False, "title": {"text": metrics.unit}},
        "yaxis": axis_around(values),
        **more,
    }


def _lines(known: Mapping[str, float], values: Sequence[float]) -> list[dict[str, Any]]:
    """Levels with their names above them, or below where the next line is too close."""
    room = 0.12 * (max(values) - min(values))
    levels = sorted(known.items(), key=lambda item: item[1])
    above = [*(value for _, value in levels), math.inf][1:]
    return [
        level(
            value, f"{label(world.replace('_', ' '))} {number(value)}", above=upper - value > room
        )
        for (world, value), upper in zip(levels, above, strict=True)
    ]


def _ends(curve: Series) -> str:
    return f"from {number(curve.y[0])} to {number(curve.y[-1])}"


def _loss(metrics: Metrics, chance: float | None) -> Figure | None:
    train, watch = metrics.curve("train", "loss"), metrics.curve("watch", "loss")
    if not train and not watch:
        return None
    raw, mean = thin(train), smooth(train)
    traces = []
    if train:
        traces = [
            line(
                raw,
                "each update",
                "var(--near)",
                opacity=0.28,
                line={"color": "var(--near)", "width": 1},
                hoverinfo="skip",
                hovertemplate=None,
            ),
            line(mean, "running mean", "var(--near)"),
        ]
    if watch:
        traces.append(line(thin(watch), "watched", "var(--far)"))
    known = {} if chance is None or not math.isfinite(chance) else {"chance": chance}
    values = [*mean.y, *watch.y, *known.values(), *_core(raw.y)]
    where = f"; chance is {number(chance)}" if known else "; this objective has no chance line"
    return Figure(
        "Loss",
        QUANTITIES["loss"].reading
        if known
        else "This objective has no chance line: a falling loss alone proves nothing, judge by the"
        " figures that follow.",
        f"Loss over the run, {_ends(mean or watch)}{where}.",
        traces,
        _layout(metrics, values, shapes=_lines(known, values), showlegend=True),
    )


def _core(values: Sequence[float]) -> list[float]:
    """What the axis must hold of noisy values: all but the highest hundredth."""
    ordered = sorted(values)
    return ordered[: max(1, math.ceil(0.99 * len(ordered)))]


def _watched(
    metrics: Metrics, name: str, known: Mapping[str, float], others: Sequence[tuple[str, str]]
) -> Figure | None:
    curve = thin(metrics.curve("watch", name))
    if not curve:
        return None
    beside = [(other, thin(metrics.curve("watch", other)), colour) for other, colour in others]
    beside = [(other, series, colour) for other, series, colour in beside if series]
    few = len(curve.y) < 40
    traces = [
        line(series, other, colour, mode="lines+markers" if few else "lines", marker={"size": 5})
        for other, series, colour in [(name, curve, "var(--near)"), *beside]
    ]
    values = [*curve.y, *known.values(), *(v for _, series, _ in beside for v in series.y)]
    quantity = QUANTITIES[name]
    heading = "Centre and residual" if beside else quantity.title
    levels = ", ".join(f"{world.replace('_', ' ')} {number(v)}" for world, v in known.items())
    return Figure(
        heading,
        quantity.reading,
        f"{heading} over the run, {_ends(curve)}" + (f"; anchors: {levels}." if levels else "."),
        traces,
        _layout(metrics, values, shapes=_lines(known, values), showlegend=bool(beside)),
    )


def _learning_rate(metrics: Metrics) -> Figure | None:
    curve = thin(metrics.curve("train", "learning_rate"))
    if not curve:
        return None
    return Figure(
        "Learning rate",
        "The schedule as it ran: warm-up, peak, decay. A jump here explains a jump anywhere else.",
        f"Learning rate over the run, at most {number(max(curve.y))}.",
        [line(curve, "learning rate", "var(--near)")],
        _layout(metrics, [0.0, *curve.y]),
    )


def _terms(metrics: Metrics) -> Figure | None:
    colours = [f"var(--run{place})" for place in range(8)]
    curves = [(name, smooth(metrics.term(name))) for name in metrics.terms()]
    curves = [(name, curve) for name, curve in curves if curve][: len(colours)]
    if len(curves) < 2:
        return None
    return Figure(
        "Terms of the loss",
        "Running means of the loss's parts: a part that stays flat is not being learnt, one that"
        " dwarfs the others has taken over.",
        "; ".join(f"{name} {_ends(curve)}" for name, curve in curves) + ".",
        [
            line(curve, label(name), colour)
            for (name, curve), colour in zip(curves, colours, strict=False)
        ],
        _layout(metrics, [v for _, curve in curves for v in curve.y], showlegend=True),
    )
