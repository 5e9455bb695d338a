"""Errors on the command line: all at once, one line each, with the closest valid choice."""

from __future__ import annotations

import sys
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from nearfar._plugins import plugins, reload
from nearfar.cli import main
from nearfar.cli._file_checks import EXTRAS, OF_KINDS
from nearfar.cli._train_plan import read_plan
from tests.every import every

Said = Callable[[str], list[str]]


@pytest.fixture
def said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Said:
    """The messages of a command, called in a folder with a few files; nothing is written there."""
    for name in ("photos", "sounds", "empty", "taken", "runs/first", "runs/second"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "photos" / "cat.jpg").touch()
    (tmp_path / "sounds" / "bark.wav").touch()
    (tmp_path / "taken" / "notes.txt").touch()
    (tmp_path / "runs" / "first" / "recipe.toml").touch()
    (tmp_path / "runs" / "second" / "recipe.toml").touch()
    monkeypatch.chdir(tmp_path)

    def run(line: str) -> list[str]:
        before = sorted(tmp_path.rglob("*"))
        assert main(line.split()) == 2
        assert sorted(tmp_path.rglob("*")) == before
        captured = capsys.readouterr()
        assert captured.out == ""
        return captured.err.splitlines()

    return run


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("trian simclr", ["did you mean 'train'?"]),
        ("simclr --data digits", ["did you mean nearfar train simclr?"]),
        ("train simclr digits", ["did you mean --data digits?"]),
        ("train simclr photos", ["did you mean --data photos?"]),
        ("train digits", ["nearfar train simclr --data digits"]),
        ("train --data digits", ["`method` must be given"]),
        ("train simlcr --data digits", ["did you mean 'simclr'?"]),
        ("train SimCLR --data digits", ["did you mean 'simclr'?"]),
        ("train barlowtwins --data digits", ["did you mean 'barlow_twins'?"]),
        ("train dino --data digits", ["the nearest methods are byol and swav"]),
        ("train mae --data digits", ["the nearest method is autoencoder"]),
        ("train NNCLR --data digits", ["the nearest method is simclr"]),
        ("train deepcluster --data digits", ["the nearest method is swav"]),
        ("train simclr --data photo", ["did you mean 'photos'?"]),
        ("train simclr --data photoss/cat.jpg", ["did you mean 'photos'?"]),
        ("train simclr --data photos/cat.jpeg", ["did you mean 'cat.jpg'?"]),
        ("train simclr --data empty", ["must be a folder with files, got empty"]),
        ("train simclr --data photos --bacth-size 8", ["Did you mean --batch-size?"]),
        ("train simclr --bacth-size 8 --data photos", ["Did you mean --batch-size?"]),
        ("train simclr --data photos --epochs 1.5", ["whole number, got '1.5'"]),
        ("train simclr --data photos --epochs -1", ["`--epochs` must be a whole number of 1"]),
        ("train simclr --data photos --epochs", ["`--epochs` needs a value"]),
        ("train simclr --data photos --precision fp8", ['"bf16"']),
        ("train simclr --data photos --modality image", ["did you mean 'images'?"]),
        ("train simclr --data photos --encoder resnet19", ["did you mean 'resnet18'?"]),
        ("train cpc --data sounds --encoder resnet18", ["must be one of strided"]),
        ("train simclr --data photos --method.temperature 0", ["finite number above 0, got 0"]),
        ("train simclr --data photos --method.temperature nan", ["above 0, got nan"]),
        ("train byol --data photos --method.decay 1.5", ["between 0 and 1, got 1.5"]),
        ("train simclr --data photos --views.crop-scale 0.3", ["needs 2 values, got 0.3"]),
        ("train simclr --data photos --views.flip 2", ["must lie between 0 and 1, got 2"]),
        ("train simclr --data photos --out taken", ["`--out` must be a new directory"]),
        ("train simclr --data photos --out runs/first", ["nearfar train --resume runs/first"]),
        ("train --resume runs/frist", ["did you mean 'first'?"]),
        ("train --resume runs", ["it holds the runs first, second"]),
        ("train --recipe runs/nowhere.toml --data photos", ["`--recipe` must be a TOML file"]),
        ("embed runs/fisrt --data photos --out e.npz", ["did you mean 'first'?"]),
        ("probe runs --data photos", ["it holds the runs first, second"]),
        ("diagnose e.npz", ["`embeddings` must be the directory of a run, or a file"]),
        ("report taken", ["contains no recipe.toml"]),
        ("compare runs/first runs/secnd runs/thrid", ["'second'", "runs/thrid"]),
        ("export runs/first --format onx", ['Did you mean "onnx"?']),
        ("embed runs/first --data photos --out e.npz --colunm 2", ["did you mean '--column'?"]),
        ("embed runs/first --dta photos --out e.npz", ["did you mean '--data'?"]),
        ("advise --dim many", ["--dim"]),
        ("cite simlcr cifar11", ["did you mean 'simclr'?", "did you mean 'cifar10'?"]),
        (
            "train simlcr --data photo --bacth-size 8 --epochs 0 --views.crop-scale 0.3",
            ["'simclr'", "'photos'", "--batch-size", "1 or more", "2 values"],
        ),
        (
            "train simclr --data nowhere --epochs 1.5 --seed -1 --out taken",
            ["nowhere", "'1.5'", "0 or more", "`--out`"],
        ),
        ("embed nowhere --data absent", ["nowhere", "absent"]),
    ],
)
def test_every_mistake_is_named_with_what_was_meant(
    line: str, expected: list[str], said: Said
) -> None:
    found = said(line)
    assert len(found) == len(expected), found
    assert every(line.startswith("error: ") for line in found)
    for part in expected:
        assert any(part in line for line in found), found


def test_mistakes_in_a_recipe_are_named_with_those_of_the_flags(said: Said) -> None:
    Path("mine.toml").write_text(
        "[method]\nname = 'vicreg'\n[training]\nepochs = 0\nbatch_size = 1", encoding="utf-8"
    )
    found = said("train --recipe mine.toml --data nowhere --seed x")
    assert len(found) == 4
    assert "error: `--epochs` must be a whole number of 1 or more, got 0 in the recipe" in found
    assert sum(part in "".join(found) for part in ("nowhere", "--seed", "`--batch-size`")) == 3


def test_a_recipe_that_names_the_method_is_enough(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text("[method]\nname = 'vicreg'\n[data]\ndata = 'digits'", encoding="utf-8")
    plan = read_plan(["--recipe", str(recipe)])
    assert (plan.method, plan.kinds, plan.said) == ("vicreg", ("images",), [])


@pytest.mark.parametrize(
    "line",
    [
        "simclr --data digits --no-channels-last --views.flip 0",
        "--seed 3 simclr --views.crop-scale 0.2 1 --data digits",
        "dgi --data cora --no-undirected",
        "mine.methods:sharpened --data digits --method.sharpness 4",
        "simclr --data digits --encoder mine.encoders:small",
        "simclr --data hf:somebody/pictures --encoder resnet18",
        "simclr --data digits --method.hidden none --out new",
        "simclr --data digits --devices 0 --watch-every 0 --learning-rate 1e-3",
    ],
)
def test_what_is_right_is_not_refused(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_plan(line.split()).said == []


def test_flags_of_a_modality_of_another_package_are_left_to_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    metadata = tmp_path / "clouds-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: clouds\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(
        "[nearfar.modalities]\nclouds = clouds:KIND\n[nearfar.methods]\nown = clouds:own\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    reload()
    assert list(plugins("nearfar.methods")) == ["own"]
    monkeypatch.setattr("nearfar.cli._train_plan._implying_options", dict)
    for line in ("simclr --data digits --modality clouds --points 3", "own --data digits --x 3"):
        assert read_plan(line.split()).said == []
    assert "simclr" in read_plan(["simlcr", "--data", "digits"]).said[0]
    reload()


def test_each_extra_has_its_library() -> None:
    project = Path(__file__).parents[2] / "pyproject.toml"
    declared: dict[str, Any] = tomllib.loads(project.read_text("utf-8"))["project"]
    for library, extra in (*EXTRAS.values(), *OF_KINDS.values()):
        names = " ".join(declared["optional-dependencies"][extra]).replace("-", "_")
        assert library in names


@pytest.mark.parametrize(
    ("library", "line", "extra"),
    [
        ("soundfile", "train cpc --data sounds", "audio"),
        ("soundfile", "train cpc --data sounds/bark.wav", "audio"),
        ("torch_geometric", "train dgi --data cora", "graph"),
        ("datasets", "train simclr --data hf:ag_news", "stream"),
        ("pyarrow", "embed runs/first --data digits --out e.parquet", "parquet"),
        ("onnx", "export runs/first --format onnx", "onnx"),
    ],
)
def test_a_missing_extra_is_named(
    library: str, line: str, extra: str, said: Said, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    (found,) = said(line)
    assert f"pip install 'nearfar[{extra}]'" in found
