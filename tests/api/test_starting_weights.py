"""Runs that start from weights of elsewhere, and commands that use such weights without a run."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import nearfar
from nearfar.cli import main
from nearfar.modules import ConvNet

QUICK: dict[str, Any] = {"max_updates": 1, "batch_size": 16, "precision": "32", "devices": 1}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A checkpoint of a trainer with the weights of the small encoder."""
    torch.manual_seed(3)
    encoder = ConvNet(channels=1)
    state = {f"online.{name}": value for name, value in encoder.state_dict().items()}
    torch.save(
        {"epoch": 2, "state_dict": state | {"head.weight": torch.zeros(2)}}, tmp_path / "w.ckpt"
    )
    return tmp_path / "w.ckpt"


def digits() -> np.ndarray[Any, Any]:
    generator = np.random.default_rng(0)
    return generator.integers(0, 256, size=(40, 16, 16), dtype=np.uint8)


def started(file: Path | str, out: Path, **asked: Any) -> nearfar.api.Run:
    given = {"encoder": "convnet"} | asked
    return nearfar.pretrain(
        "simclr", digits(), weights=file, out=out, progress=False, **given, **QUICK
    )


def test_a_run_stores_what_it_starts_from(file: Path, tmp_path: Path) -> None:
    run = started(file, tmp_path / "run", preprocess="half")
    recipe = run.directory.read_recipe()["encoder"]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert recipe == {"encoder": "convnet", "weights": str(file), "weights_digest": digest}
    wanted = torch.load(file)["state_dict"]
    stored = load_file(run.directory.start)
    assert sum(torch.equal(stored[k], wanted[f"online.{k}"]) for k in stored) == len(stored) > 5
    (note,) = [note for note in run.record.notes if note.startswith(f"weights of {file}")]
    assert "under state_dict.online are the weights of convnet" in note
    assert "1 of other parts are not used (state_dict.head 1)" in note
    file.unlink()  # resuming and measuring read what the run has stored
    again = nearfar.load(run.path).prepared_on(digits())
    assert again.started == tuple(n for n in run.record.notes if n in again.started)
    held = again.method.encoder.state_dict()
    assert sum(torch.equal(held[name], stored[name]) for name in stored) == len(stored)
    found = nearfar.load(run.path).starting_encoder().state_dict()
    assert sum(torch.equal(found[name], stored[name]) for name in stored) == len(stored)
    assert not torch.equal(run.encoder.state_dict()[(name := next(iter(stored)))], stored[name])


@pytest.mark.slow
def test_a_probe_compares_with_the_start(file: Path, tmp_path: Path) -> None:
    run = started(file, tmp_path / "run", preprocess="half")
    record = run.probe(digits(), labels=np.arange(40) % 2)
    names = [row.representation for row in record.rows]
    assert names[:3] == ["trained encoder", "starting weights", "untrained encoder"]
    (found, *_) = [each for each in record.comparisons if each.second == "starting weights"]
    assert " over the starting weights" in found.sentence


@pytest.mark.slow
def test_a_run_starts_from_another(file: Path, tmp_path: Path) -> None:
    first = started(file, tmp_path / "first", preprocess="half")
    second = started(first.path, tmp_path / "second", encoder="auto")
    assert second.description.name == "convnet"
    ended, begun = load_file(first.directory.encoder), load_file(second.directory.start)
    assert sum(torch.equal(ended[name], begun[name]) for name in ended) == len(begun)
    assert second.description.form.mean == first.description.form.mean == (0.5,)
    with pytest.raises(ValueError, match="`encoder` must be convnet, that of the run"):
        started(first.path, tmp_path / "third", encoder="resnet18")
    (first.path / "health.json").unlink()
    with pytest.raises(ValueError, match="must be of a finished run"):
        started(first.path, tmp_path / "third", encoder="auto")


def test_what_does_not_go_together_is_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`weights` must be unset for an encoder"):
        started(file, tmp_path / "run", encoder=ConvNet(channels=1))
    with pytest.raises(ValueError, match="`preprocess` must be unset without `weights`"):
        nearfar.pretrain("simclr", digits(), preprocess="half", out=tmp_path / "run")
    with pytest.raises(ValueError, match="`encoder` must be given for the weights in"):
        started(file, tmp_path / "run", encoder="auto")
    assert not (tmp_path / "run").exists()


def test_commands_without_a_run(file: Path, tmp_path: Path, capsys: Any) -> None:
    np.save(tmp_path / "x.npy", digits())
    flags = ["--weights", str(file), "--encoder", "convnet", "--preprocess", "half"]
    flags += ["--image-size", "16", "--data", str(tmp_path / "x.npy")]
    assert main(["embed", *flags, "--out", str(tmp_path / "e.npy")]) == 0
    loaded = nearfar.load_weights(
        file, encoder="convnet", preprocess="half", image_size=16, channels=1
    )
    rows = np.load(tmp_path / "e.npy")
    assert np.array_equal(rows, loaded.embed(digits()))
    images = torch.from_numpy(digits())[:, None] / 255 * 2 - 1
    with torch.no_grad():
        assert np.allclose(rows, loaded.encoder(images).numpy(), atol=1e-5)
    capsys.readouterr()
    assert main(["diagnose", *flags, "--json"]) in (0, 3)
    assert any("two views of" in note for note in json.loads(capsys.readouterr().out)["notes"])
    np.save(tmp_path / "y.npy", np.arange(40) % 2)
    assert main(["probe", *flags, "--labels", str(tmp_path / "y.npy"), "--json"]) == 0
    names = [row["representation"] for row in json.loads(capsys.readouterr().out)["rows"]]
    assert names[:2] == ["loaded encoder", "untrained encoder"]
    assert main(["embed"]) == 2
    assert main(["embed", "runs/a", *flags]) == 2
