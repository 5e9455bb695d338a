"""Flags under the names that they had in 0.1: hidden from help, with a note."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from nearfar import studies
from nearfar.cli import main
from nearfar.studies import methods

SHORT = ["--epochs", "1", "--batch-size", "256", "--precision", "32", "--devices", "1"]


def views_of(run: Path) -> dict[str, object]:
    recipe = tomllib.loads((run / "recipe.toml").read_text(encoding="utf-8"))
    found: dict[str, object] = recipe["views"]
    return found


@pytest.mark.slow
def test_a_flag_under_its_old_name_works_with_a_note(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--views.grey", "0.1", "--views.solarise", "0.2", "--views.solarise-threshold", "0.4"]
    out = tmp_path / "run"
    assert main(["train", "simclr", "--data", "digits", "--out", str(out), *SHORT, *words]) == 0
    assert views_of(out) == {"gray": 0.1, "solarize": [0.2], "solarize_threshold": 0.4}
    lines = capsys.readouterr().err.splitlines()
    assert "note: `--views.grey` is deprecated: use `--views.gray`" in lines
    notes = [line for line in lines if "deprecated" in line]
    assert len(notes) == 3


@pytest.mark.slow
def test_a_recipe_with_old_names_is_read_without_a_note_and_flags_win(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = tmp_path / "recipe.toml"
    recipe.write_text("[views]\ngrey = 0.1\nsolarise = [0.2]\n", encoding="utf-8")
    words = ["train", "simclr", "--data", "digits", "--recipe", str(recipe), *SHORT]
    assert main([*words, "--out", str(tmp_path / "1")]) == 0
    assert views_of(tmp_path / "1") == {"gray": 0.1, "solarize": [0.2]}
    assert "deprecated" not in capsys.readouterr().err
    assert main([*words, "--out", str(tmp_path / "2"), "--views.grey", "0.3"]) == 0
    assert views_of(tmp_path / "2") == {"gray": 0.3, "solarize": [0.2]}


@pytest.mark.parametrize("method", ["simclr", "dgi", "cpc"])
def test_help_shows_no_old_name(method: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["train", method, "--help"])
    shown = capsys.readouterr().out
    assert {"simclr": "--views.gray", "dgi": "--neighbors", "cpc": "--normalize"}[method] in shown
    for old in ("--views.grey", "--views.solarise", "neighbours ", "-normalise"):
        assert old not in shown


def test_a_flag_of_a_study_under_its_old_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seen: list[methods.Config] = []

    def stop(chosen: list[tuple[Any, str, methods.Config]], **rest: object) -> None:
        seen.extend(config for _, _, config in chosen)
        raise ValueError("enough")

    monkeypatch.setattr(studies, "run_studies", stop)
    assert main(["study", "methods", "--labelled", "100"]) == 2
    assert [config.labeled for config in seen] == [100]
    assert "`--labelled` is deprecated: use `--labeled`" in capsys.readouterr().err
