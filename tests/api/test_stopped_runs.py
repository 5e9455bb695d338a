"""Interrupted, moved and finished runs: which operations still work, and their messages."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file

import nearfar
from nearfar import api
from nearfar.cli import main
from nearfar.records import RunDirectory
from nearfar.records._run_lock import holding
from tests.every import every
from tests.older_runs import as_older

QUICK: dict[str, Any] = {"epochs": 2, "batch_size": 8, "precision": "32", "devices": 1}


class StopAt:
    """Presses Ctrl-C after an update."""

    def __init__(self, step: int) -> None:
        self.step = step

    def start(self, record: Any) -> None:
        """Nothing."""

    def update(self, *, step: int, **others: Any) -> None:
        """Ctrl-C."""
        if step == self.step:
            os.kill(os.getpid(), signal.SIGINT)

    def finish(self, health: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 24 pictures in two classes."""
    folder = tmp_path_factory.mktemp("project") / "my photos"
    generator = np.random.default_rng(0)
    for number in range(24):
        path = folder / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(generator.integers(0, 255, (16, 16, 3), dtype=np.uint8)).save(path)
    return folder


@pytest.fixture(scope="module")
def finished(data: Path) -> Path:
    out = data.parent / "it's done"
    return nearfar.pretrain("simclr", data, out=out, image_size=16, **QUICK).path


@pytest.fixture(scope="module")
def stopped(data: Path) -> Path:
    out = data.parent / "stopped run"
    with pytest.raises(KeyboardInterrupt, match=r"update 3 of 4.*stopped run"):
        nearfar.pretrain("simclr", data, out=out, image_size=16, progress=StopAt(3), **QUICK)
    return out


def weights_after(run: Path, step: int) -> dict[str, torch.Tensor]:
    """The encoder's weights in a checkpoint, read without nearfar."""
    file = run / "checkpoints" / f"step-{step:08d}.safetensors"
    start = "method.encoder."
    return {k[len(start) :]: v for k, v in load_file(file).items() if k.startswith(start)}


@pytest.mark.parametrize("described", [True, False], ids=["now", "older version"])
def test_a_stopped_run_is_exported_from_its_last_checkpoint(
    stopped: Path, tmp_path: Path, described: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run"
    shutil.copytree(stopped, path)
    if not described:
        (path / "encoder.json").unlink()
    assert main(["export", str(path)]) == 0
    out = capsys.readouterr().out
    assert "not finished: the encoder is that after update 3 of 4" in out
    assert f"{path / 'encoder.safetensors'}" in out
    expected, found = weights_after(path, 3), load_file(path / "encoder.safetensors")
    assert set(expected) == set(found)
    assert every(torch.equal(expected[name], found[name]) for name in expected)
    with safe_open(path / "encoder.safetensors", framework="pt") as file:
        assert file.metadata()["stopped"] == "after update 3 of 4"
    assert "after update 3" in json.loads((path / "encoder.json").read_text())["notes"][0]
    again = nearfar.load(path)  # the export does not make it a finished run
    assert again.stopped == "after update 3 of 4"
    assert again.embed().shape == (24, 256)


def test_a_stopped_run_is_embedded_probed_judged_and_reported(
    stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = "after update 3 of 4"
    run = nearfar.load(stopped)
    made = run.embed(ids=True)
    assert made.notes[0] == f"not finished: the encoder is that {said}"
    module = run.untrained_encoder()
    module.load_state_dict(weights_after(stopped, 3))
    with torch.no_grad():
        images = run.views.plain(run.open().read(range(24)).inputs)
        assert np.allclose(module.eval()(images).numpy(), made.embeddings, atol=1e-5)
    assert run.diagnose().notes[0] == f"not finished: measured {said}"
    assert run.diagnose().samples == run.record.watched
    assert said in run.probe(run.own_data.spec, representations=("trained",)).notes[0]
    page = tmp_path / "health.html"
    assert main(["diagnose", str(stopped), "--report", str(page)]) in (0, 3)
    assert said in capsys.readouterr().out
    assert "<svg" in page.read_text(encoding="utf-8")
    assert main(["report", str(stopped)]) == 0
    text = (stopped / "report.html").read_text(encoding="utf-8")
    assert said in text
    assert "No verdict yet" not in text
    assert not (stopped / "health.json").exists()


@pytest.mark.parametrize("command", ["embed", "diagnose", "export", "report", "probe"])
def test_a_run_without_a_checkpoint_is_refused_in_a_line(
    command: str, stopped: Path, data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run"
    shutil.copytree(stopped, path)
    shutil.rmtree(path / "checkpoints")
    more = ["--data", str(data)] if command == "probe" else []
    code = main([command, str(path), *more])
    found = capsys.readouterr()
    if command == "report":  # which shows the metrics and says why there is no verdict
        assert code == 0
        assert "no checkpoint yet" in (path / "report.html").read_text(encoding="utf-8")
        return
    assert code == 2
    assert found.err.count("\n") == 1
    assert "no checkpoint yet: continue it with nearfar train --resume" in found.err
    assert "saved" not in found.out


def test_a_directory_with_a_recipe_alone_is_refused_in_a_line(
    stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(stopped / "recipe.toml", tmp_path)
    for command in ("embed", "diagnose", "export", "report"):
        assert main([command, str(tmp_path)]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "no run.json, as training did not start" in error


def test_a_stopped_run_whose_data_are_gone_says_where_they_were_looked_for(
    stopped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run"
    as_older(shutil.copytree(stopped, path))
    recipe = path / "recipe.toml"
    recipe.write_text(recipe.read_text().replace("my photos", "no photos"))
    for command in (["embed"], ["diagnose"], ["train", "--resume"]):
        assert main([*command, str(path)]) == 2
        error = capsys.readouterr().err
        assert error.count("\n") == 1
        assert "no photos" in error
        assert "--data" in error
    assert main(["export", str(path)]) == 0  # needs no data
    assert main(["report", str(path)]) == 0


@pytest.mark.parametrize("way", ["elsewhere", "with the project", "alone", "older version"])
def test_the_own_data_of_a_moved_run_are_found(
    way: str, data: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = nearfar.load(finished).embed(data)
    project = tmp_path / "project"
    shutil.copytree(data, project / "my photos")
    monkeypatch.chdir(project)
    recipe = finished / "recipe.toml"
    run = project / "runs" / "r"
    as_older(shutil.copytree(finished, run))
    recipe = run / "recipe.toml"
    recipe.write_text(recipe.read_text().replace(str(data), "my photos"))
    record = RunDirectory(run).read_run()
    where = {"path": str(run), "cwd": str(project)} if way != "older version" else {}
    kept = {"path": "", "cwd": ""} | where
    (run / "run.json").write_text(json.dumps(json.loads((run / "run.json").read_text()) | kept))
    assert RunDirectory(run).read_run().name == record.name
    found = run
    if way == "with the project":
        project.rename(tmp_path / "moved")
        found = tmp_path / "moved" / "runs" / "r"
    elif way == "alone":
        found = tmp_path / "kept"
        run.rename(found)
    monkeypatch.chdir(tmp_path)
    made = nearfar.load(found).embed(ids=True)
    assert np.array_equal(made.embeddings, expected)
    told = [note for note in made.notes if "were found at" in note]
    assert bool(told) == (way in ("with the project", "older version"))


def test_other_data_of_the_same_name_are_not_taken_and_changed_data_are_told(
    data: Path, finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    as_older(shutil.copytree(finished, run))
    recipe = run / "recipe.toml"
    recipe.write_text(recipe.read_text().replace(str(data), "photos"))
    known = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(known | {"cwd": str(tmp_path / "gone")}))
    shutil.copytree(data, tmp_path / "photos")
    (tmp_path / "photos" / "a" / "0.png").unlink()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"photos \(other contents\)"):
        nearfar.load(run).embed()
    (run / "run.json").write_text(json.dumps(known | {"cwd": str(tmp_path)}))
    made = nearfar.load(run).embed(ids=True)
    assert len(made.embeddings) == 23
    assert any("the data have changed since training: 23 colour" in note for note in made.notes)


def test_a_finished_run_is_not_resumed(finished: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted((p, p.stat().st_mtime_ns) for p in finished.rglob("*"))
    assert main(["train", "--resume", str(finished)]) == 0
    out = capsys.readouterr().out
    assert "has finished its 2 epochs: nothing to resume" in out
    assert "--epochs 4" in out
    assert main(["train", "--resume", str(finished), "--epochs", "9"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "its schedule has ended" in error
    assert "nearfar train --recipe" in error
    assert "--epochs 9" in error
    assert api.resume(finished).record.finished
    assert sorted((p, p.stat().st_mtime_ns) for p in finished.rglob("*")) == before


def test_settings_beside_resume_are_named(
    stopped: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "--resume", str(stopped), "--epochs", "9", "--seed", "3"]) == 2
    assert "(2 epochs): remove --epochs, --seed" in capsys.readouterr().err


def test_a_run_that_another_process_trains_is_not_resumed(stopped: Path) -> None:
    with holding(stopped), pytest.raises(ValueError, match=r"another process .* trains it"):
        api.resume(stopped)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda p: np.save(p / "x.npy", np.zeros((9, 16, 16), np.uint8)), "`channels` must be 1"),
        (lambda p: np.save(p / "x.npy", np.zeros((9, 5), np.float32)), "got vectors"),
        (lambda p: (p / "x.csv").write_text("text\nan apple\na pear\n"), "got text"),
        (
            lambda p: np.savez(p / "x.npz", edge_index=np.zeros((2, 3), int), x=np.eye(4)),
            "got graphs",
        ),
    ],
    ids=["channels", "vectors", "text", "graph"],
)
def test_data_unlike_those_of_the_run_are_refused_naming_both(
    make: Any, said: str, finished: Path, tmp_path: Path
) -> None:
    make(tmp_path)
    (file,) = tmp_path.iterdir()
    with pytest.raises(ValueError, match="24 colour images 16×16") as error:
        nearfar.embed(finished, file)
    assert said in str(error.value)
    assert str(file) in str(error.value)
