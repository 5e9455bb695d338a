"""Comparison of several runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeAlias, TypedDict, final

from nearfar._signs import counted
from nearfar._verdict_names import is_good
from nearfar.records import (
    EncodersRecord,
    HealthRecord,
    Metrics,
    RankingRecord,
    RunRecord,
    write_text,
)
from nearfar.records._markup import element
from nearfar.records._notebook import Line, chart, figure, shown, table, tone_color

__all__ = ["ComparedRun", "Comparison", "compared", "display", "write_comparison"]

_Name: TypeAlias = Literal["alignment", "uniformity", "m_o", "m_r", "effective_rank"]
_MEASURED: tuple[_Name, ...] = ("alignment", "uniformity", "m_o", "m_r", "effective_rank")


class _Measured(TypedDict, total=False):
    alignment: float
    uniformity: float
    m_o: float
    m_r: float
    effective_rank: float


class ComparedRun(_Measured):
    """A run in a comparison; measurements that were not made are missing.

    Attributes:
        run: Name of the run's directory.
        method: Name of the method.
        encoder: Name of the encoder and its number of parameters.
        epochs: Number of epochs.
        seconds: Training time in seconds.
        verdict: The label-free verdict.
        alignment: Mean squared distance between the embeddings of two views.
        uniformity: Uniformity of the embeddings on the sphere.
        m_o: Magnitude of the embeddings' centre, from 0 to 1.
        m_r: Magnitude of their residuals, from 0 to 1.
        effective_rank: Effective rank of the embeddings.
    """

    run: str
    method: str
    encoder: str
    epochs: int
    seconds: int
    verdict: str


@final
class Comparison(list[ComparedRun]):
    """A list with one row per run, which a notebook shows as a table and a picture.

    Args:
        rows: The rows.
        metrics: Metrics of each run, for the picture.
        ranking: The ranking of the runs, or why there is none; None of a single run.

    Example:
        >>> Comparison([ComparedRun(run="a", method="simclr", encoder="convnet", epochs=60,
        ...                         seconds=45, verdict="healthy")])
        <comparison of 1 run: a healthy>
    """

    def __init__(
        self,
        rows: Iterable[ComparedRun] = (),
        *,
        metrics: Sequence[Metrics] = (),
        ranking: RankingRecord | None = None,
    ) -> None:
        super().__init__(rows)
        self.ranking = ranking
        self.notes: tuple[str, ...] = ()
        self.paths: tuple[Path, ...] = ()
        self._metrics = tuple(metrics)

    def __repr__(self) -> str:
        verdicts = ", ".join(f"{row['run']} {row['verdict']}" for row in self)
        return f"<comparison of {counted(len(self), 'run')}: {verdicts}>"

    def _repr_html_(self) -> str:
        """For notebooks: the rows, and the trajectories in the align-uniform plane."""
        rows = [{name: _cell(name, value) for name, value in dict(row).items()} for row in self]
        words = ("method", "encoder", "verdict")
        lines = [
            line
            for row, metrics in zip(self, self._metrics, strict=False)
            for line in plane(metrics, name=row["run"])
        ]
        picture = chart("uniformity", lines, across="alignment", dots=True, wide=420, high=260)
        heading = f"Comparison of {counted(len(self), 'run')}"
        said = element("p", self.ranking.sentence) if self.ranking else None
        return shown(heading, table(rows, left=words), said, picture)


def plane(metrics: Metrics, *, name: str) -> list[Line]:
    """The trajectory of a run in the align-uniform plane; empty if it was not measured."""
    points = [
        (line.alignment, line.uniformity)
        for line in metrics.watch
        if line.alignment is not None and line.uniformity is not None
    ]
    kept = points[:: max(1, len(points) // 200)]
    return [(name, [*kept, *points[-1:]])] if points else []


def display(path: Path, record: RunRecord, health: HealthRecord | None, metrics: Metrics) -> str:
    """What a notebook shows of a run: verdict, settings, loss and the align-uniform plane."""
    epochs = all(line.epoch is not None for line in metrics.train)
    loss = [((line.epoch if epochs else None) or line.step, line.loss) for line in metrics.train]
    kept = loss[:: max(1, len(loss) // 200)]
    levels = {} if record.chance is None else {f"chance {figure(record.chance)}": record.chance}
    unit = "epoch" if epochs else "update"
    pictures = (
        chart("loss", [("training", kept)], across=unit, levels=levels),
        chart("uniformity", plane(metrics, name=record.name), across="alignment", dots=True),
    )
    facts = (record.method, record.data, record.encoder, counted(record.epochs, "epoch"))
    advice = health.advice if health else ()
    return shown(
        f"{path}: {health.summary if health else 'not finished'}",
        element("p", " · ".join(facts)),
        *pictures,
        element("ul", *(element("li", line) for line in advice)) if advice else None,
        healthy=is_good(health.verdict) if health else None,
    )


def _cell(name: str, value: Any) -> str:
    if name == "verdict":
        dot = element("span", "● ", style=f"color:{tone_color(is_good(value))}")
        return element("span", dot, value)
    return value if isinstance(value, str) else figure(value)


def compared(record: RunRecord, verdict: HealthRecord, *, name: str = "") -> ComparedRun:
    """One row of a comparison."""
    row = ComparedRun(
        run=name or record.name,
        method=record.method,
        encoder=record.encoder,
        epochs=record.epochs,
        seconds=round(record.seconds),
        verdict=verdict.verdict,
    )
    for key in _MEASURED:
        if key in verdict.measurements:
            row[key] = round(verdict.measurements[key], 3)
    return row


def write_comparison(
    report: str | Path,
    runs: Sequence[Path],
    *,
    encoders: EncodersRecord | None = None,
    ranking: RankingRecord | None = None,
) -> None:
    """Write an HTML page with the curves of several runs, and their encoders side by side.

    Args:
        report: Path of the page.
        runs: Directories of the runs.
        encoders: Their encoders on the same samples.
        ranking: Their ranking.
    """
    from nearfar.reports import render_comparison

    write_text(Path(report), render_comparison(list(runs), encoders=encoders, ranking=ranking))
