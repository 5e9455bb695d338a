"""Several runs side by side: a table, and their curves on one another."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearfar.records import HealthRecord, RunDirectory, RunRecord
from nearfar.reports import (
    _notes,
)
from nearfar.reports._curves import axis_around, line
from nearfar.reports._figure import Figure, label, level
from nearfar.reports._html import Html, element
from nearfar.reports._numbers import count, duration, number
from nearfar.reports._page import page
from nearfar.reports._quantities import QUANTITIES
from nearfar.reports._run_report import read
from nearfar.reports._section import missing, section_of
from nearfar.reports._series import Metrics, drawable, smooth, thin
from nearfar.reports._verdict import tone

__all__ = ["render_comparison"]

_COLOURS = 8
_CURVES = ("loss", "alignment", "uniformity", "m_o", "effective_rank")


@dataclass(frozen=True)
class _Run:
    name: str
    colour: str
    run: RunRecord | None
    health: HealthRecord | None
    metrics: Metrics

    def value(self, name: str) -> float | None:
        """As the verdict measured it, else as it was last watched."""
        measured = self.health.measurements.get(name) if self.health else None
        if measured is None and self.health:
            measured = next((f.value for f in self.health.findings if f.name == name), None)
        return self.metrics.last(name) if measured is None else measured


def render_comparison(paths: Sequence[RunDirectory | Path]) -> str:
    """One self-contained HTML page about several runs.

    Args:
        paths: Directories of the runs, in the order they are shown.

    Returns:
        The page.

    Raises:
        ValueError: `paths` is empty.
        FileNotFoundError: A directory holds no records of a run.
    """
    if not paths:
        raise ValueError("`paths` must name at least one run, got none")
    damage: list[str] = []
    directories = [path if isinstance(path, RunDirectory) else RunDirectory(path) for path in paths]
    runs = [
        _load(directory, name, place, damage)
        for place, (directory, name) in enumerate(
            zip(directories, _names(directories), strict=True)
        )
    ]
    return page(
        "Comparison · nearfar",
        [
            element("p", "nearfar comparison", class_="eyebrow"),
            element("h1", f"{count(len(runs))} runs side by side"),
        ],
        [
            _table(runs),
            _plane_section(runs),
            _curves(runs),
            *([_notes.section(damage)] if damage else []),
        ],
        [],
    )


def _names(directories: Sequence[RunDirectory]) -> list[str]:
    """Names of the directories, with their parents where two share one."""
    short = [directory.path.resolve().name for directory in directories]
    return [
        name if short.count(name) == 1 else f"{directory.path.resolve().parent.name}/{name}"
        for directory, name in zip(directories, short, strict=True)
    ]


def _load(directory: RunDirectory, name: str, place: int, damage: list[str]) -> _Run:
    if not (directory.run.is_file() or directory.metrics.is_file() or directory.health.is_file()):
        raise FileNotFoundError(f"`paths` must name directories of runs, got {directory.path}")
    return _Run(
        name,
        f"--run{place % _COLOURS}",
        read(directory.read_run, damage),
        read(directory.read_health, damage),
        read(lambda: Metrics.of(directory.read_metrics()), damage) or Metrics(),
    )


_COLUMNS: Sequence[tuple[str, Callable[[_Run], str]]] = (
    ("loss", lambda run: number(run.value("loss"))),
    ("chance", lambda run: number(run.run.chance if run.run else None)),
    ("alignment", lambda run: number(run.value("alignment"))),
    ("uniformity", lambda run: number(run.value("uniformity"))),
    ("m_o", lambda run: number(run.value("m_o"))),
    ("rank", lambda run: number(run.value("effective_rank"))),
    ("dim", lambda run: number(run.value("dim") or (run.health.dim if run.health else None))),
    ("epochs", lambda run: count(run.run.epochs) if run.run else "–"),
    ("time", lambda run: duration(run.run.seconds) if run.run else "–"),
)


def _table(runs: Sequence[_Run]) -> Html:
    head = element(
        "tr",
        *(
            element("th", name, scope="col")
            for name in ("run", "verdict", *(name for name, _ in _COLUMNS))
        ),
    )
    rows = []
    for run in runs:
        verdict = run.health.verdict if run.health else None
        rows.append(
            element(
                "tr",
                element(
                    "th",
                    element("i", style=f"--dot:var({run.colour})", aria_hidden="true"),
                    element("bdi", run.name),
                    scope="row",
                ),
                element(
                    "td",
                    verdict or "no verdict yet",
                    data_column="verdict",
                    data_tone=tone(verdict),
                ),
                *(element("td", cell(run), data_column=name) for name, cell in _COLUMNS),
            )
        )
    return section_of(
        "table",
        "Where they ended",
        element("table", element("thead", head), element("tbody", *rows)),
        lead="Losses of different objectives cannot be compared with one another; alignment,"
        " uniformity, m_o and rank can, measured on the same samples.",
    )


def _plane_section(runs: Sequence[_Run]) -> Html:
    traces: list[dict[str, Any]] = []
    for run in runs:
        both = [
            (float(row["alignment"]), float(row["uniformity"]))
            for row in run.metrics.watch
            if all(drawable(row.get(name)) for name in ("alignment", "uniformity"))
        ]
        if both:
            traces.append(_path(run, both[:: max(1, len(both) // 500)] + both[-1:]))
    if not traces:
        body = missing("No run has watched both alignment and uniformity.")
    else:
        figure = Figure(
            "Paths from first to last look",
            "Good: a path that ends low and to the left, aligned and uniform at once (the dot is"
            " the end). Bad: one that stays on top and runs left, agreement by collapse.",
            "Alignment against uniformity over each run.",
            traces,
            {
                "hovermode": "closest",
                "showlegend": True,
                "xaxis": {"title": {"text": "alignment, lower is better"}},
                "yaxis": {"title": {"text": "uniformity, lower is better"}},
            },
        )
        body = element("div", figure.html(), class_="figures wide")
    return section_of("plane", "Alignment and uniformity", body)


def _path(run: _Run, points: Sequence[tuple[float, float]]) -> dict[str, Any]:
    colour = f"var({run.colour})"
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": label(run.name, length=32),
        "x": [x for x, _ in points],
        "y": [y for _, y in points],
        "line": {"color": colour, "width": 1.5},
        "marker": {"color": colour, "size": [0] * (len(points) - 1) + [11]},
        "hovertemplate": "alignment %{x:.3~g}, uniformity %{y:.3~g}",
    }


def _curves(runs: Sequence[_Run]) -> Html:
    figures = [figure.html() for name in _CURVES if (figure := _overlay(runs, name))]
    return section_of(
        "training",
        "Training",
        element("div", *figures, class_="figures")
        if figures
        else missing("No run has written metrics.jsonl."),
    )


def _overlay(runs: Sequence[_Run], name: str) -> Figure | None:
    traces, values = [], []
    unit = "epoch" if all(run.metrics.unit == "epoch" for run in runs) else "step"
    for run in runs:
        curve = thin(run.metrics.curve("watch", name, unit=unit))
        if name == "loss":
            curve = smooth(run.metrics.curve("train", name, unit=unit)) or curve
        if not curve:
            continue
        values += curve.y
        traces.append(line(curve, label(run.name, length=32), f"var({run.colour})"))
    if not traces:
        return None
    chances = {run.run.chance for run in runs if run.run and run.run.chance is not None}
    known = sorted(filter(math.isfinite, chances)) if name == "loss" else []
    values += known
    return Figure(
        QUANTITIES[name].title,
        QUANTITIES[name].reading,
        f"{QUANTITIES[name].title} of {count(len(traces))} runs.",
        traces,
        {
            "hovermode": "x unified",
            "shapes": [level(chance, f"chance {number(chance)}") for chance in known],
            "showlegend": len(traces) > 1,
            "xaxis": {"rangemode": "tozero", "showgrid": False, "title": {"text": unit}},
            "yaxis": axis_around(values),
        },
    )
