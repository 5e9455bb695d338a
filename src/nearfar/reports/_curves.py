"""Training curves, each with its reference values."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import cycle, product
from typing import Any

from nearfar.records import HealthRecord, Metrics, TrainMetrics
from nearfar.reports._figure import Figure, label, level
from nearfar.reports._formatting import count, number
from nearfar.reports._html import Html, element
from nearfar.reports._plane import RunPath, plane_figure
from nearfar.reports._quantities import (
    ALIGNMENT,
    CENTER,
    DIMENSION_CORRELATION,
    LOSS,
    ORDER,
    RANK,
    REPRESENTATION_CENTER,
    REPRESENTATION_ORDER,
    REPRESENTATION_RANK,
    REPRESENTATION_RESIDUAL,
    RESIDUAL,
    UNIFORMITY,
    Quantity,
    anchors,
)
from nearfar.reports._section import missing, section_of
from nearfar.reports._series import Series, curve, last, smooth, thin, unit_of

__all__ = ["axis_around", "figures_of", "line", "section"]

_STROKES = tuple(product(("solid", "dash", "dot"), (f"var(--run{place})" for place in range(8))))
_WATCHED_COLORS = ("var(--near)", "var(--far)", "var(--run2)", "var(--run3)")
_OPTIONAL = ("plane", "terms", "order", "dimension correlation")  # that many runs lack


def figures_of(
    metrics: Metrics, *, health: HealthRecord | None, chance: float | None
) -> dict[str, Figure]:
    """The curves that the metrics contain, by name."""
    figures = _figures(metrics, health=health, chance=chance)
    return {name: figure for name, figure in figures.items() if figure is not None}


def _figures(
    metrics: Metrics, *, health: HealthRecord | None, chance: float | None
) -> dict[str, Figure | None]:
    dim = int(last(metrics.watch, lambda each: each.dim) or (health.dim if health else 0))
    samples = int(
        last(metrics.watch, lambda each: each.samples) or (health.samples if health else 0)
    )

    def watched(
        quantity: Quantity, others: Mapping[str, Quantity] | None = None, *, called: str = ""
    ) -> Figure | None:
        known = anchors(quantity.name, health=health, dim=dim, samples=samples)
        curves = {called or quantity.name: quantity, **(others or {})}
        return _watched(metrics, curves, known)

    path = [RunPath("this run", "--run0", metrics, health)] if metrics.watch else []
    return {
        "loss": _loss(metrics, chance),
        "plane": plane_figure(path),
        "terms": _terms(metrics),
        "alignment": watched(ALIGNMENT),
        "uniformity": watched(UNIFORMITY),
        "centre m_o": watched(
            CENTER,
            {
                "m_r": RESIDUAL,
                "m_o, representation": REPRESENTATION_CENTER,
                "m_r, representation": REPRESENTATION_RESIDUAL,
            },
        ),
        "effective rank": watched(
            RANK, {"representation": REPRESENTATION_RANK}, called="projection"
        ),
        "order": watched(ORDER, {"representation": REPRESENTATION_ORDER}, called="projection"),
        "dimension correlation": watched(DIMENSION_CORRELATION),
        "learning rate": _learning_rate(metrics),
    }


def section(metrics: Metrics, *, health: HealthRecord | None, chance: float | None) -> Html:
    """Loss and terms, the align-uniform plane, and the measurements on watched samples."""
    figures = _figures(metrics, health=health, chance=chance)
    drawn = [figure.html() for figure in figures.values() if figure]
    absent = [name for name, found in figures.items() if found is None and name not in _OPTIONAL]
    return section_of(
        "training",
        "Training",
        element("div", *drawn, class_="figures") if drawn else None,
        missing(f"Not in metrics.jsonl: {', '.join(absent)}.") if absent else None,
        lead="Dashed lines are reference values: the chance level, or the value after a complete"
        " collapse.",
    )


def line(series: Series, name: str, color: str, **more: Any) -> dict[str, Any]:
    """A curve as a plotly trace."""
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": series.x,
        "y": series.y,
        "line": {"color": color, "width": 2},
        "hovertemplate": "%{y:.4~g}",
        **more,
    }


def axis_around(values: Sequence[float]) -> dict[str, Any]:
    """A vertical axis that contains all values, with margins above and below."""
    low, high = min(values), max(values)
    air = 0.08 * (high - low) or 0.1 * abs(high) or 0.1
    return {"range": [low - air, high + 1.6 * air]}  # labels are placed above their lines


def _layout(
    metrics: Metrics, values: Sequence[float], *, title: str = "", **more: Any
) -> dict[str, Any]:
    return {
        "hovermode": "x unified",
        "xaxis": {
            "rangemode": "tozero",
            "showgrid": False,
            "title": {"text": unit_of(metrics)},
        },
        "yaxis": axis_around(values) | ({"title": {"text": title}} if title else {}),
        **more,
    }


def _lines(known: Mapping[str, float], values: Sequence[float]) -> list[dict[str, Any]]:
    """Reference lines, labelled above, or below if the next line is too close."""
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
    unit = unit_of(metrics)
    train = curve(metrics.train, lambda each: each.loss, unit=unit)
    watch = curve(metrics.watch, lambda each: each.loss, unit=unit)
    if not train and not watch:
        return None
    raw, mean = thin(train), smooth(train)
    traces = []
    if train:
        traces = [
            line(
                raw,
                "training",
                "var(--near)",
                opacity=0.28,
                line={"color": "var(--near)", "width": 1},
                hoverinfo="skip",
                hovertemplate=None,
                showlegend=False,
            ),
            line(mean, "training, running mean", "var(--near)"),
        ]
    if watch:
        traces.append(_marked(thin(watch), "watched samples", "var(--far)"))
    known = _chances(metrics, chance) if train else {}
    values = [*mean.y, *watch.y, *known.values(), *_core(raw.y)]
    levels = "; ".join(f"{name} is {number(value)}" for name, value in known.items())
    return Figure(
        LOSS.title,
        f"{_how_to_read(known)} {_what_is_watched(metrics)}".strip(),
        f"Loss over the run, {_ends(mean or watch)};"
        f" {levels or 'this objective has no chance level'}.",
        traces,
        _layout(metrics, values, shapes=_lines(known, values), showlegend=True),
    )


def _chances(metrics: Metrics, chance: float | None) -> dict[str, float]:
    """The chance level of the training loss, and that of watched batches if it differs."""
    known = {} if chance is None or not math.isfinite(chance) else {"chance": chance}
    watched = last(metrics.watch, lambda each: each.chance)
    if watched is not None and not math.isclose(watched, known.get("chance", math.inf)):
        known["chance, watched"] = watched
    return known


def _how_to_read(known: Mapping[str, float]) -> str:
    if known:
        return LOSS.reading
    return (
        "This objective has no chance level, so a falling loss alone proves nothing: judge by the"
        " figures that follow."
    )


def _what_is_watched(metrics: Metrics) -> str:
    size = last(metrics.watch, lambda each: each.batch_size)
    if size is None:
        return ""
    return (
        f"Watched samples are held out; their loss is measured on batches of {count(int(size))}"
        " with the network in evaluation mode. If it rises while the training loss falls, the"
        " network overfits."
    )


def _core(values: Sequence[float]) -> list[float]:
    """The part of noisy values that the axis must show: all but the highest 1%."""
    ordered = sorted(values)
    return ordered[: max(1, math.ceil(0.99 * len(ordered)))]


def _watched(
    metrics: Metrics, quantities: Mapping[str, Quantity], known: Mapping[str, float]
) -> Figure | None:
    """Curves of one figure by their names; None without the first of them."""
    read = [
        (name, thin(curve(metrics.watch, each.watched, unit=unit_of(metrics))))
        for name, each in quantities.items()
        if each.watched is not None
    ]
    if not read or not read[0][1]:
        return None
    quantity = next(iter(quantities.values()))
    read = [(name, series) for name, series in read if series]
    traces = [
        _marked(series, name, color)
        for (name, series), color in zip(read, cycle(_WATCHED_COLORS), strict=False)
    ]
    values = [*known.values(), *(v for _, series in read for v in series.y)]
    heading = "Centre and residual" if quantity is CENTER and len(read) > 1 else quantity.title
    levels = ", ".join(f"{state.replace('_', ' ')} {number(v)}" for state, v in known.items())
    return Figure(
        heading,
        quantity.reading,
        f"{heading} over the run, {_ends(read[0][1])}"
        + (f"; reference values: {levels}." if levels else "."),
        traces,
        _layout(
            metrics,
            values,
            title=quantity.unit,
            shapes=_lines(known, values),
            showlegend=len(read) > 1,
        ),
    )


def _marked(series: Series, name: str, color: str) -> dict[str, Any]:
    """A curve with markers if it has few points."""
    few = len(series.y) < 40
    mode = "lines+markers" if few else "lines"
    return line(series, name, color, mode=mode, marker={"size": 5})


def _learning_rate(metrics: Metrics) -> Figure | None:
    series = thin(curve(metrics.train, lambda each: each.learning_rate, unit=unit_of(metrics)))
    if not series:
        return None
    return Figure(
        "Learning rate",
        "Warm-up, peak and decay. A jump here explains jumps in other curves.",
        f"Learning rate over the run, at most {number(max(series.y))}.",
        [line(series, "learning rate", "var(--near)")],
        _layout(metrics, [0.0, *series.y]),
    )


def _term(name: str, train: TrainMetrics) -> float | None:
    return train.terms.get(name)


def _terms(metrics: Metrics) -> Figure | None:
    unit = unit_of(metrics)
    found = [
        (name, curve(metrics.train, partial(_term, name), unit=unit)) for name in metrics.terms
    ]
    # a term that is 0 throughout has no weight
    curves = [(name, smooth(series)) for name, series in found if any(series.y)]
    if len(curves) < 2:
        return None
    return Figure(
        "Terms of the loss",
        "Running means of the loss's terms, including their weights. A term that stays flat is not"
        " being learnt; one that dwarfs the others dominates the gradient.",
        "; ".join(f"{name} {_ends(series)}" for name, series in curves) + ".",
        [
            line(series, label(name), color, line={"color": color, "width": 2, "dash": dash})
            for (name, series), (dash, color) in zip(curves, cycle(_STROKES), strict=False)
        ],
        _layout(metrics, [v for _, series in curves for v in series.y], showlegend=True),
    )
