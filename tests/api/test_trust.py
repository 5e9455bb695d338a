"""A run directory names code of another package: it is imported only if the user names it too."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from torch import nn

import nearfar
from nearfar._plugins import PluginError, check_trusted, load_reference
from nearfar.api._recipe import Recipe
from nearfar.cli import main
from nearfar.modalities._own_encoders import describe_module, rebuild_module
from tests.older_runs import as_older

PAYLOAD = """
from pathlib import Path
Path("executed").touch()
from nearfar.methods import simclr as own
from nearfar.modules import ConvNet
def encoder(form, options):
    return ConvNet(channels=1, width=4), 32
"""


@pytest.fixture
def planted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run in the current directory, next to the module `payload`."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("NEARFAR_TRUST", raising=False)
    images = np.random.default_rng(0).integers(0, 255, (24, 16, 16), dtype=np.uint8)
    np.save("images.npy", images)
    nearfar.pretrain("simclr", images, epochs=1, batch_size=8, out=tmp_path / "run")
    (tmp_path / "payload.py").write_text(PAYLOAD, encoding="utf-8")
    return tmp_path / "run"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("file", "before", "after"),
    [
        ("recipe.toml", 'name = "simclr"', 'name = "payload.own"'),
        ("recipe.toml", 'encoder = "convnet"', 'encoder = "payload:encoder"'),
        ("encoder.json", '"library": "nearfar"', '"library": "function"'),
        ("encoder.json", '"own_class": ""', '"own_class": "payload:Module"'),
    ],
)
def test_what_only_a_file_names_is_not_imported(
    planted: Path, file: str, before: str, after: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = (as_older(planted) / file).read_text(encoding="utf-8")
    assert before in text
    text = text.replace(before, after)
    if file == "encoder.json":
        text = text.replace('"name": "convnet"', '"name": "payload:encoder"')
    (planted / file).write_text(text, encoding="utf-8")
    for command in (
        ["embed", str(planted), "--data", "images.npy", "--out", "e.npz"],
        ["train", "--resume", str(planted)],
        ["train", "--recipe", str(planted), "--data", "images.npy"],
    ):
        if file == "encoder.json" and command[0] == "train":
            continue  # training does not read it
        code, said = main(command), capsys.readouterr().err
        if "--resume" in command:  # the run has finished: there is nothing to import
            assert code == 0
            continue
        assert code == 2
        assert "set NEARFAR_TRUST=payload" in said
    assert not Path("executed").exists()
    assert "payload" not in sys.modules


def test_neither_is_the_encoder_of_the_signals(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NEARFAR_TRUST", raising=False)
    pairs = {"modality": "pairs", "signal_encoder": "payload:encoder"}
    with pytest.raises(PluginError, match=r"`encoder` is 'payload:encoder' .*NEARFAR_TRUST=payl"):
        Recipe.from_tables({"data": pairs})


def test_classes_that_are_imported_trust_no_other_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nearfar._plugins._trusted", set())
    monkeypatch.delenv("NEARFAR_TRUST", raising=False)
    described = describe_module(nn.Linear(2, 3), width=3, modality="vectors", form=None)
    assert described.own_class == "torch.nn.modules.linear:Linear"
    assert rebuild_module(described).weight.shape == (3, 2)
    for other in ("torch.hub:load", "torch.nn.init:normal_", "torch:load"):
        with pytest.raises(PluginError, match="does not import code that only a file names"):
            rebuild_module(replace(described, own_class=other))


@pytest.mark.slow
def test_a_package_that_the_user_names_is_imported(
    planted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = as_older(planted) / "recipe.toml"
    text = recipe.read_text(encoding="utf-8")
    recipe.write_text(text.replace('name = "simclr"', 'name = "payload.own"'), encoding="utf-8")
    code = "from nearfar.cli import main; import sys; sys.exit(main(sys.argv[1:]))"
    command = ["embed", "run", "--data", "images.npy", "--out", "e.npz"]
    monkeypatch.setenv("NEARFAR_TRUST", "other, payload")
    assert subprocess.run([sys.executable, "-c", code, *command], check=False).returncode == 0
    assert Path("executed").exists()


def test_a_reference_as_an_argument_is_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nearfar._plugins._trusted", set())
    with pytest.raises(
        PluginError, match=r"`method` is 'math:pi' in a file, .* NEARFAR_TRUST=math"
    ):
        check_trusted("math:pi", argument="method")
    load_reference("math:pi")
    check_trusted("math:pi", argument="method")
