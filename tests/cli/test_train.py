"""What is said on the command line is what the run's recipe holds."""

from __future__ import annotations

import shutil
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from nearfar import api
from nearfar.cli import main
from nearfar.cli._exit_codes import code_of
from nearfar.records import RunDirectory
from tests.older_runs import as_older

SHORT = ["--epochs", "1", "--batch-size", "256", "--precision", "32", "--devices", "1"]


def recipe_of(run: Path) -> dict[str, dict[str, object]]:
    return tomllib.loads((run / "recipe.toml").read_text(encoding="utf-8"))


def test_a_run_has_every_file_of_a_run_directory(run: Path) -> None:
    directory = RunDirectory(run)
    assert directory.read_run().finished
    assert directory.read_health() is not None
    assert directory.report.is_file()
    assert directory.encoder.is_file()


def test_flags_reach_method_views_and_training(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    words = ["--method.temperature", "0.3", "--views.crop-scale", "0.4", "0.9", "--seed", "5"]
    assert main(["train", "simclr", "--data", "digits", "--out", str(out), *SHORT, *words]) == 0
    recipe = recipe_of(out)
    assert recipe["method"] == {"name": "simclr", "temperature": 0.3}
    assert recipe["views"] == {"crop_scale": [0.4, 0.9]}
    assert recipe["training"]["seed"] == 5
    printed = capsys.readouterr().out
    words = [line.split()[0] for line in printed.splitlines()]
    assert words[:2] == ["data", "method"]
    assert {"chance", "epoch", "verdict", "saved", "next"} <= set(words)


@pytest.mark.slow
def test_training_ends_with_the_code_of_an_alarm_where_asked(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copied = as_older(Path(shutil.copytree(run, tmp_path / "run")))
    for verdict, code in (("healthy", 0), ("dimensional collapse", 3)):
        replace(api.load(run).health, verdict=verdict).save(copied / "health.json")
        assert main(["train", "--resume", str(copied), "--fail-on-alarm"]) == code
        assert main(["train", "--resume", str(copied)]) == 0
    few = ["--epochs", "1", "--max-updates", "1", "--minutes", "0", "--fail-on-alarm"]
    new = tmp_path / "new"
    code = main(["train", "simclr", "--data", "digits", *few, "--out", str(new)])
    assert code == code_of(api.load(new).health.verdict)
    assert main(["train", "simclr", "--help"]) == 0
    assert "--fail-on-alarm" in capsys.readouterr().out


@pytest.mark.slow
def test_a_recipe_repeats_a_run_and_flags_win(run: Path, tmp_path: Path) -> None:
    out = tmp_path / "again"
    words = ["--recipe", str(run / "recipe.toml"), "--out", str(out), "--epochs", "1"]
    assert main(["train", *words]) == 0
    first, second = recipe_of(run), recipe_of(out)
    assert first["training"].pop("epochs") == 2
    assert second["training"].pop("epochs") == 1
    assert first == second


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[training]\nepoks = 3", "'epochs'"),
        ("[method]\nname = 'simclr'\ntemprature = 3", "'temperature'"),
        ("[method]\nname = 'simclrr'", "'simclr'"),
        ("[views]\ncrop_scal = [0.1, 1.0]", "'crop_scale'"),
        ("[view]\ncrop_scale = [0.1, 1.0]", "'views'"),
        ("epochs = 3", "tables"),
        ("[training", "readable"),
        ("[training]\nepochs = 'many'", "whole number"),
    ],
)
def test_a_mistake_in_a_recipe_is_named(
    text: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "recipe.toml"
    file.write_text(text, encoding="utf-8")
    assert main(["train", "--recipe", str(file), "--data", "digits"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["simclr"], "`--data`"),
        (["simclr", "--data", "digits", "--epochs", "3.5"], "whole number"),
        (["simclr", "--data", "digits", "--epochs", "0"], "`--epochs` must be a whole number"),
        (["simclr", "--data", "digits", "--method.temperature", "-1"], "`--method.temperature`"),
        (["simclr", "--data", "digits", "--views.crop-scale", "0.5"], "--views.crop-scale"),
        (["simclr", "--data", "digits", "--batch-size", "5000"], "batch"),
        (["--resume", "nowhere"], "nowhere"),
        (["--resume", "nowhere", "--epochs", "3"], "`--resume`"),
        (["--recipe", "nowhere.toml"], "nowhere.toml"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_setting_that_makes_no_sense_is_refused(
    words: list[str],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["train", *words]) == 2
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_directory_that_holds_a_run_is_not_overwritten(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "simclr", "--data", "digits", "--out", str(run), *SHORT]) == 2
    assert "--resume" in capsys.readouterr().err


def test_the_help_of_a_method_shows_its_own_settings(capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", "byol", "--help"])
    byol = capsys.readouterr().out
    main(["train", "vicreg", "--help"])
    vicreg = capsys.readouterr().out
    assert "--method.decay" in byol
    assert "--method.decay" not in vicreg
    panels = ["Data", "Encoder", "Training", "Method", "Views", "Other"]
    places = [byol.index(f"─ {panel} ") for panel in panels]
    assert places == sorted(places)


def test_neighboring_sentences_are_pairs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    book = tmp_path / "book.txt"
    book.write_text("\n".join(f"sentence {i} of the story" for i in range(24)), encoding="utf-8")
    out = tmp_path / "run"
    words = ["--data", str(book), "--adjacent", "--epochs", "1", "--out", str(out)]
    assert main(["train", "simclr", *words]) == 0
    assert recipe_of(out)["data"]["modality"] == "pairs"
    assert "23 pairs" in capsys.readouterr().out


OWN = '''
from nearfar.methods import SimCLR, simclr


def sharpened(encoder, width: int, *, sharpness: float = 5.0) -> SimCLR:
    """Args:
        sharpness: Inverse temperature.
    """
    return simclr(encoder, width, temperature=1 / sharpness)


sharpened.serves = SimCLR.serves
'''


@pytest.mark.parametrize(
    ("words", "method"),
    [
        (["--data", "digits", "vicreg"], {"name": "vicreg"}),
        (["--data=digits", *SHORT, "vicreg"], {"name": "vicreg"}),
        (["--no-channels-last", "vicreg", "--data", "digits"], {"name": "vicreg"}),
        (
            ["--method.variance-weight", "20", "vicreg", "--data", "digits"],
            {"name": "vicreg", "variance_weight": 20.0},
        ),
        (
            ["--views.crop-scale", "0.5", "0.9", "--data", "digits", "vicreg", "--seed", "3"],
            {"name": "vicreg"},
        ),
        (
            ["--method.sharpness", "4", "--data", "digits", "sharp.methods:sharpened"],
            {"name": "sharp.methods:sharpened", "sharpness": 4.0},
        ),
    ],
    ids=lambda value: value["name"] if isinstance(value, dict) else " ".join(value),
)
def test_the_method_is_found_before_between_and_after_the_flags(
    words: list[str],
    method: dict[str, object],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "sharp").mkdir()
    (tmp_path / "sharp" / "methods.py").write_text(OWN, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    found: dict[str, Any] = {}

    def pretrain(use: object, name: str, plan: object, **flags: Any) -> None:
        own = {k.removeprefix("method__"): v for k, v in flags.items() if "method__" in k}
        found.update(name=name, **own)
        assert (flags["data"], flags["out"]) == ("digits", "simclr")

    monkeypatch.setattr("nearfar.cli._train_command._pretrain", pretrain)
    assert main(["train", "--out", "simclr", *words]) == 0
    assert found == method


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--epochs", "3", "--data", "digits", "simclrr"], "did you mean 'simclr'"),
        (["--data", "digits", "simclr", "vicreg"], "vicreg"),
        (["--data", "digits", "--foo", "3", "vicreg"], "--foo"),
        (["--data", "digits", "--foo", "vicreg"], "--foo"),
        (["--method.critic", "vicreg", "--data", "digits"], "--method.critic"),
        (["--method.decay", "x", "--data", "digits", "byol"], "--method.decay"),
        (["vicreg", "--data"], "--data"),
    ],
    ids=lambda value: value if isinstance(value, str) else " ".join(value),
)
def test_a_mistake_before_the_method_is_named(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", *words]) == 2
    captured = capsys.readouterr().err
    assert captured.count("\n") == 1
    assert said in captured


def test_help_is_that_of_the_method_at_any_place(capsys: pytest.CaptureFixture[str]) -> None:
    shown = []
    for words in (["byol", "--help"], ["--help", "byol"], ["--epochs", "3", "byol", "--help"]):
        assert main(["train", *words]) == 0
        shown.append(capsys.readouterr().out)
    assert "--method.decay" in shown[0]
    assert "package.module:name" in shown[0]
    assert shown[1:] == shown[:1] * 2


@pytest.mark.parametrize(
    ("text", "minutes"), [("none", None), ("auto", "auto"), ("2.5", 2.5), (None, "auto")]
)
def test_the_environment_has_the_budget_of_runs_without_one(
    text: str | None, minutes: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nearfar.cli._train_command import MINUTES, _usual_minutes

    monkeypatch.delenv(MINUTES) if text is None else monkeypatch.setenv(MINUTES, text)
    assert _usual_minutes() == minutes
    monkeypatch.setenv(MINUTES, "soon")
    with pytest.raises(ValueError, match="NEARFAR_MINUTES must be a number of minutes"):
        _usual_minutes()
