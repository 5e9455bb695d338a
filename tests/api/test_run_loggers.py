"""Metrics, verdict and report of a run in other tools, without a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import nearfar
from nearfar.records import TrainMetrics
from nearfar.training import Latest
from nearfar.training._run_loggers import logged

# warnings of packages that are not ours
offline = pytest.mark.filterwarnings("ignore")


def trained(tool: str, few_digits: Path, out: Path) -> Any:
    return nearfar.pretrain(
        "simclr", str(few_digits), out=out, epochs=1, batch_size=64, log=tool, log_every=1,
        progress=False,
    )  # fmt: skip


@pytest.mark.full
@offline
def test_tensorboard_has_the_lines_and_the_verdict(few_digits: Path, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = trained("tensorboard", few_digits, tmp_path / "run")
    found = EventAccumulator(str(run.path / "tensorboard")).Reload()
    lines = run.metrics.train
    assert [event.step for event in found.Scalars("train/loss")] == [line.step for line in lines]
    losses = [line.loss for line in lines]
    assert [event.value for event in found.Scalars("train/loss")] == pytest.approx(losses)
    uniform = found.Scalars("watch/uniformity")[-1].value
    assert uniform == pytest.approx(run.metrics.watch[-1].uniformity)
    (verdict,) = found.Tensors("verdict/text_summary")
    assert run.health.summary in verdict.tensor_proto.string_val[0].decode()


@pytest.mark.full
@offline
def test_weights_and_biases_has_an_offline_run(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("wandb")
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = trained("wandb", few_digits, tmp_path / "run")
    assert [*(run.path / "wandb").glob("offline-run-*/*.wandb")]


@pytest.mark.full
@offline
def test_mlflow_has_metrics_verdict_and_report(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mlflow = pytest.importorskip("mlflow")
    monkeypatch.chdir(tmp_path)
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    run = trained("mlflow", few_digits, tmp_path / "run")
    (found,) = mlflow.search_runs(experiment_names=["nearfar"], output_format="list")
    assert found.data.metrics["train/loss"] == pytest.approx(run.metrics.train[-1].loss)
    assert found.data.tags["verdict"] == run.health.summary
    names = [file.path for file in mlflow.MlflowClient().list_artifacts(found.info.run_id)]
    assert names == ["report.html"]


@pytest.mark.full
@offline
def test_trackio_takes_a_run(
    few_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKIO_DIR", str(tmp_path / "trackio"))  # read when it is imported
    pytest.importorskip("trackio")
    trained("trackio", few_digits, tmp_path / "run")
    assert [*(tmp_path / "trackio").rglob("*.db")]


def test_an_unknown_tool_is_named() -> None:
    with pytest.raises(ValueError, match=r"`log` must be one of mlflow, .*got 'tensorbord'"):
        nearfar.pretrain("simclr", "digits", log="tensorbord", progress=False)


def test_a_line_is_written_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from nearfar.training import _run_loggers

    written: list[tuple[dict[str, float], int]] = []

    class Tool:
        def __init__(self, run: Path) -> None: ...
        def open(self, settings: Any) -> None: ...
        def close(self) -> None: ...
        def verdict(self, text: str, report: Path) -> None: ...
        def write(self, values: dict[str, float], step: int) -> None:
            written.append((values, step))

    class Display:
        def start(self, record: Any) -> None: ...
        def update(self, **where: Any) -> None: ...
        def finish(self, health: Any) -> None: ...

    monkeypatch.setitem(_run_loggers._TOOLS, "tool", Tool)
    monkeypatch.setitem(_run_loggers._MODULES, "tool", "json")
    display = logged(Display(), "tool", run=tmp_path)
    line = TrainMetrics(step=10, loss=2.0, epoch=0.5, terms={"variance": 1.5})
    for step in (10, 11):
        display.update(step=step, steps=20, epoch=0, epochs=1, values=Latest(train=line))
    assert written == [({"train/loss": 2.0, "train/epoch": 0.5, "train/variance": 1.5}, 10)]
