"""From a real run to every figure of its report, through the metrics it wrote."""

from __future__ import annotations

import dataclasses
import html
import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

import nearfar
from nearfar import api
from nearfar.inputs import View
from nearfar.methods import ANY, Method, Projected, Serves, Step
from nearfar.objectives import NTXentLoss, alignment_loss
from nearfar.records import Metrics
from nearfar.reports import render_comparison
from nearfar.views import ViewRecipe, simclr_views

DATA = np.random.default_rng(0).integers(0, 256, size=(60, 12, 12)).astype(np.uint8)
QUICK: dict[str, Any] = {"epochs": 3, "batch_size": 16, "precision": "32", "watch_every": 2}
QUICK |= {"log_every": 1, "optimizer": "sgd"}

START = ["Loss", "Trajectories during training"]
CURVES = ["Alignment", "Uniformity", "Centre and residual", "Effective rank"]
CURVES += ["Order of partners", "Correlation of dimensions", "Learning rate"]
SPHERE = ["Density in two directions", "Points in three directions"]
SHAPE = ["Distance on the sphere", "Eigenvalues", "Eigenvalues of the representation"]
SHAPE += [f"Spectrum of the {of} over the run" for of in ("projection", "representation")]
SHAPE += ["Samples"]
FIGURES = {
    # of views that agree, of three projected dimensions or more
    "simclr": [*START, *CURVES, *SPHERE, *SHAPE],
    "vicreg": [*START, "Terms of the loss", *CURVES, *SPHERE, *SHAPE],
    "odd": [*START, "Terms of the loss", *CURVES, *SPHERE, *SHAPE],
    # of one view, and a loss with an adversary
    "deep_infomax": [*START, "Terms of the loss", *CURVES, *SPHERE, *SHAPE],
    # of a loss in two dimensions
    "circle": [*START, *CURVES, "The circle", *SHAPE],
}
REPORT = Path(nearfar.reports.__file__).parent
CAPTIONED = {"Bounds against the number of candidates"}  # in the report of advice alone
OF_MANY = {"Local dimension", "Retrieval of the second view"}  # of 20 watched samples or more


class Odd(Method):
    """SimCLR with terms that are called what lines of metrics call their own values."""

    paper, negatives, momentum = "nobody", True, False
    serves: ClassVar = {ANY: Serves(), "images": Serves(views=ViewRecipe(simclr_views))}
    objective: NTXentLoss

    def __init__(self, encoder: nn.Module, projector: nn.Module) -> None:
        super().__init__()
        self.encoder, self.projector = encoder, projector
        self.objective = NTXentLoss(temperature=0.5)

    def project(self, views: tuple[View, ...]) -> Projected:
        h1, h2 = (self.encoder(view) for view in views)
        return (h1, h2), (self.projector(h1), self.projector(h2))

    def compare(self, projected: Projected) -> Step:
        representations, (z1, z2) = projected
        contrast: Tensor = self.objective(z1, z2)
        close = alignment_loss(z1, z2)
        return Step(
            loss=contrast + close,
            representations=representations,
            projections=(z1, z2),
            terms={"step": contrast, "loss": close, "kind": close / 2, "größe ∆</script>": close},
        )

    def chance(self, batch_size: int) -> float | None:
        return None


def odd(encoder: nn.Module, width: int, *, dim: int = 6) -> Odd:
    return Odd(encoder, nn.Linear(width, dim))


class StopAt:
    """Asks for a stop after an update."""

    def __init__(self, step: int) -> None:
        self.step = step

    def start(self, record: object) -> None:
        pass

    def update(self, *, step: int, **others: object) -> None:
        if step == self.step:
            os.kill(os.getpid(), signal.SIGINT)

    def finish(self, health: object) -> None:
        pass


def interrupted(method: Any, out: Path, **settings: Any) -> api.Run:
    """Stopped after an update between two lines of metrics, then resumed."""
    with pytest.raises(KeyboardInterrupt, match=r"nearfar\.resume"):
        nearfar.pretrain(method, DATA, out=out, progress=StopAt(5), **settings)
    own = {} if isinstance(method, str) else {"method": method}
    return api.resume(out, DATA, **own)


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, api.Run]:
    out = tmp_path_factory.mktemp("runs")
    return {
        "simclr": nearfar.pretrain("simclr", DATA, out=out / "simclr", micro_batch=6, **QUICK),
        "vicreg": interrupted(
            "vicreg", out / "vicreg", **QUICK | {"log_every": 3}, method_options={"hidden": 16}
        ),
        "odd": nearfar.pretrain(odd, DATA, out=out / "odd", **QUICK),
        "deep_infomax": nearfar.pretrain("deep_infomax", DATA, out=out / "dim", **QUICK),
        "circle": nearfar.pretrain(
            "simclr", DATA, out=out / "circle", method_options={"dim": 2}, **QUICK
        ),
    }


def figures(report: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Title and plotly's description of each figure of a page."""
    pattern = r'<figure><h3>(.*?)</h3>.*?<script type="application/json">(.*?)</script>'
    for title, description in re.findall(pattern, report, flags=re.DOTALL):
        yield html.unescape(title), json.loads(description)


def drawn(trace: dict[str, Any]) -> bool:
    """Whether a trace has a number to draw."""
    found = [trace[name] for name in ("x", "y", "z", "r", "theta") if name in trace]
    assert found, trace
    return all(any(isinstance(v, (int, float)) for v in np.ravel(values)) for values in found)


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_every_figure_of_a_real_run_is_there_with_something_drawn(
    runs: dict[str, api.Run], name: str
) -> None:
    found = dict(figures(runs[name].directory.report.read_text(encoding="utf-8")))
    assert list(found) == FIGURES[name]
    for title, figure in found.items():
        assert figure["data"], title
        traces = figure["data"][:1] if title == "Samples" else figure["data"]  # one marks a choice
        assert [trace.get("name") for trace in traces if not drawn(trace)] == [], title


def test_every_figure_that_reports_of_runs_can_draw_is_drawn_of_some_real_run(
    runs: dict[str, api.Run],
) -> None:
    compared = [title for title, _ in figures(render_comparison([r.path for r in runs.values()]))]
    assert len(compared) == 6
    shown = {title for titles in FIGURES.values() for title in titles} | set(compared)
    written = set()
    for file in REPORT.glob("*.py"):
        written |= set(re.findall(r'\bFigure\(\s*"([^"]+)"', file.read_text(encoding="utf-8")))
    assert len(written) > 6
    assert written - CAPTIONED - OF_MANY <= shown


@pytest.mark.parametrize("name", sorted(FIGURES))
def test_the_loss_is_drawn_of_training_and_of_the_watched_samples(
    runs: dict[str, api.Run], name: str
) -> None:
    run = runs[name]
    figure = dict(figures(run.directory.report.read_text(encoding="utf-8")))["Loss"]
    traces = {trace["name"]: trace for trace in figure["data"]}
    assert list(traces) == ["training", "training, running mean", "watched samples"]
    watched = [line.loss for line in run.metrics.watch]
    assert len(watched) >= 5
    assert traces["watched samples"]["y"] == pytest.approx(watched, rel=1e-4)
    assert traces["training"]["y"] == pytest.approx(
        [line.loss for line in run.metrics.train], rel=1e-4
    )


def test_the_watched_loss_stands_beside_the_chance_of_its_own_batches(
    runs: dict[str, api.Run],
) -> None:
    run = runs["simclr"]
    assert {(line.batch_size, line.chance) for line in run.metrics.watch} == {(6, np.log(11))}
    report = run.directory.report.read_text(encoding="utf-8")
    shapes = dict(figures(report))["Loss"]["layout"]["shapes"]
    assert [shape["label"]["text"] for shape in shapes] == ["chance, watched 2.4", "chance 3.43"]
    assert "their loss is measured on batches of 6" in report


def test_the_terms_drawn_are_the_terms_written(runs: dict[str, api.Run]) -> None:
    for name in ("vicreg", "deep_infomax", "odd"):
        run = runs[name]
        figure = dict(figures(run.directory.report.read_text(encoding="utf-8")))
        traces = figure["Terms of the loss"]["data"]
        assert len(traces) == len(run.metrics.terms)
        for trace, term in zip(traces, run.metrics.terms, strict=True):
            assert trace["name"] == html.escape(term, quote=False)
            assert len(trace["y"]) == sum(term in line.terms for line in run.metrics.train)


def test_a_resumed_run_has_every_line_once(runs: dict[str, api.Run]) -> None:
    metrics = runs["vicreg"].metrics
    assert [line.step for line in metrics.train] == [3, 6, 9]
    assert [line.step for line in metrics.watch] == [2, 4, 6, 8, 9]
    for line in metrics.train:
        assert sum(line.terms.values()) == pytest.approx(line.loss, rel=1e-6)


def test_terms_called_step_loss_and_kind_are_kept_apart_from_the_line_s_own(
    runs: dict[str, api.Run],
) -> None:
    metrics = runs["odd"].metrics
    assert metrics.terms == ("step", "loss", "kind", "größe ∆</script>")
    assert [line.step for line in metrics.train] == list(range(1, 10))
    for line in metrics.train:
        assert line.terms["step"] + line.terms["loss"] == pytest.approx(line.loss, rel=1e-6)


def without_speed(metrics: Metrics) -> Metrics:
    train = tuple(dataclasses.replace(line, samples_per_second=None) for line in metrics.train)
    return dataclasses.replace(metrics, train=train)


@pytest.mark.slow
def test_a_method_with_such_terms_resumes_to_the_same_bits(
    tmp_path: Path,
) -> None:
    settings = QUICK | {"log_every": 4}
    whole = nearfar.pretrain(odd, DATA, out=tmp_path / "whole", **settings)
    parts = interrupted(odd, tmp_path / "parts", **settings)
    first, second = (load_file(run.path / "encoder.safetensors") for run in (whole, parts))
    assert [name for name in first if not torch.equal(first[name], second[name])] == []
    assert without_speed(parts.metrics) == without_speed(whole.metrics)
    assert parts.directory.report.is_file()


def test_a_method_that_knows_samples_by_their_number_has_no_loss_on_others(
    tmp_path: Path,
) -> None:
    run = nearfar.pretrain("simsiam_expectation", DATA, out=tmp_path / "run", **QUICK)
    assert run.metrics.train
    assert {line.loss for line in run.metrics.watch} == {None}
    figure = dict(figures(run.directory.report.read_text(encoding="utf-8")))["Loss"]
    assert [trace["name"] for trace in figure["data"]] == ["training", "training, running mean"]
