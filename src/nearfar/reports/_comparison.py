"""Comparison of several runs: a table, and their curves in shared plots."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nearfar._signs import counted
from nearfar.records import (
    EncodersRecord,
    HealthRecord,
    Metrics,
    RankingRecord,
    RunDirectory,
    RunRecord,
)
from nearfar.reports import _encoders_section, _notes, _ranking_section
from nearfar.reports._curves import axis_around, line
from nearfar.reports._figure import Figure, label, level
from nearfar.reports._formatting import count, duration, number
from nearfar.reports._html import Html, element, shorten
from nearfar.reports._page import page
from nearfar.reports._plane import RunPath, plane_figure
from nearfar.reports._quantities import (
    ALIGNMENT,
    CENTER,
    LOSS,
    RANK,
    UNIFORMITY,
    Quantity,
)
from nearfar.reports._run_report import read
from nearfar.reports._section import missing, scrolling, section_of
from nearfar.reports._series import Unit, curve, last, smooth, thin, unit_of
from nearfar.reports._verdict import tone

__all__ = ["render_comparison"]

_COLORS, _LONGEST = 8, 32
_CURVES = (LOSS, ALIGNMENT, UNIFORMITY, CENTER, RANK)


@dataclass(frozen=True)
class _Run:
    name: str
    color: str
    run: RunRecord | None
    health: HealthRecord | None
    metrics: Metrics

    def value(self, quantity: Quantity) -> float | None:
        """The value from the verdict, else the last one during training."""
        name = quantity.name
        measured = self.health.measurements.get(name) if self.health else None
        if measured is None and self.health:
            measured = next((f.value for f in self.health.findings if f.name == name), None)
        if measured is not None:
            return measured
        if quantity is LOSS:
            return last(self.metrics.train, lambda line: line.loss)
        return last(self.metrics.watch, quantity.watched) if quantity.watched else None

    @property
    def dim(self) -> int | None:
        """Dimensions of the measured embeddings."""
        watched = last(self.metrics.watch, lambda line: line.dim)
        return self.health.dim if self.health else None if watched is None else int(watched)


def render_comparison(
    paths: Sequence[RunDirectory | Path],
    *,
    encoders: EncodersRecord | None = None,
    ranking: RankingRecord | None = None,
) -> str:
    """A self-contained HTML page that compares several runs.

    Args:
        paths: Directories of the runs, in the order of the table.
        encoders: Their encoders on the same samples.
        ranking: Their ranking.

    Returns:
        The page.

    Raises:
        ValueError: `paths` is empty.
        FileNotFoundError: A directory contains no records of a run.
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
    compared = _encoders_section.section(encoders)
    return page(
        "Comparison · nearfar",
        [
            element("p", "nearfar comparison", class_="eyebrow"),
            element("h1", f"Comparison of {counted(len(runs), 'run')}"),
        ],
        [
            _table(runs),
            *([] if ranking is None else [_ranking_section.section(ranking)]),
            _plane_section(runs),
            *([compared] if compared is not None else []),
            _curves(runs),
            *([_notes.section(damage)] if damage else []),
        ],
        [],
    )


def _names(directories: Sequence[RunDirectory]) -> list[str]:
    """Names of the directories, with their parent's name if two have the same name."""
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
        f"--run{place % _COLORS}",
        read(directory.read_run, damage),
        read(directory.read_health, damage),
        read(directory.read_metrics, damage) or Metrics(),
    )


_COLUMNS: Sequence[tuple[str, Callable[[_Run], str]]] = (
    ("loss", lambda run: number(run.value(LOSS))),
    ("chance", lambda run: number(run.run.chance if run.run else None)),
    ("alignment", lambda run: number(run.value(ALIGNMENT))),
    ("uniformity", lambda run: number(run.value(UNIFORMITY))),
    ("m_o", lambda run: number(run.value(CENTER))),
    ("rank", lambda run: number(run.value(RANK))),
    ("dim", lambda run: number(run.dim)),
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
                    element("i", style=f"--dot:var({run.color})", aria_hidden="true"),
                    element("bdi", shorten(run.name, 2 * _LONGEST), title=run.name),
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
        "Final values",
        scrolling(
            element("table", element("thead", head), element("tbody", *rows), class_="runs"),
            "Final values",
        ),
        lead="Losses of different objectives are not comparable. Alignment, uniformity, m_o and"
        " rank are, if they are measured on the same samples.",
    )


def _plane_section(runs: Sequence[_Run]) -> Html:
    paths = [RunPath(run.name, run.color, run.metrics, run.health) for run in runs]
    figure = plane_figure(paths)
    if figure is None:
        body = missing("No run measured both alignment and uniformity.")
    else:
        body = element("div", figure.html(), class_="figures wide")
    return section_of("plane", "Alignment and uniformity", body)


def _curves(runs: Sequence[_Run]) -> Html:
    figures = [figure.html() for each in _CURVES if (figure := _overlay(runs, each))]
    return section_of(
        "training",
        "Training",
        element("div", *figures, class_="figures")
        if figures
        else missing("No run has metrics to draw in metrics.jsonl."),
    )


def _overlay(runs: Sequence[_Run], quantity: Quantity) -> Figure | None:
    traces, values = [], []
    unit: Unit = "epoch" if all(unit_of(run.metrics) == "epoch" for run in runs) else "step"
    for run in runs:
        if quantity is LOSS:
            series = smooth(curve(run.metrics.train, lambda each: each.loss, unit=unit))
        else:
            assert quantity.watched is not None, "only watched quantities have curves"
            series = thin(curve(run.metrics.watch, quantity.watched, unit=unit))
        if not series:
            continue
        values += series.y
        traces.append(line(series, label(run.name, length=_LONGEST), f"var({run.color})"))
    if not traces:
        return None
    chances = {run.run.chance for run in runs if run.run and run.run.chance is not None}
    known = sorted(filter(math.isfinite, chances)) if quantity is LOSS else []
    values += known
    return Figure(
        quantity.title,
        quantity.reading,
        f"{quantity.title} of {counted(len(traces), 'run')}.",
        traces,
        {
            "hovermode": "x unified",
            "shapes": [level(chance, f"chance {number(chance)}") for chance in known],
            "showlegend": len(traces) > 1,
            "xaxis": {"rangemode": "tozero", "showgrid": False, "title": {"text": unit}},
            "yaxis": axis_around(values) | {"title": {"text": quantity.unit}},
        },
    )
