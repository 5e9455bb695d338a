"""``nearfar study``."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nearfar.cli import main
from nearfar.records import StudyRecord
from nearfar.reports import write_study
from tests.every import every
from tests.studies.made_up import record, row

OWN = '''
"""A study of one's own."""

from dataclasses import dataclass

from nearfar.records import Column
from nearfar.studies import Budget, Claim, ComputeCell, Level, Row, Study, over_seeds


@dataclass(frozen=True, kw_only=True)
class Config:
    """Sizes.

    Args:
        size: A number.
    """

    size: int = 3


def doubled(size: int, seed: int) -> float:
    """Twice a number, and a little noise."""
    return 2 * size + 0.01 * seed


STUDY = Study(
    name="own_study",
    ids=("X1",),
    source="nobody",
    question="Is twice a number larger?",
    title="Doubling",
    budgets={"smoke": Budget(config=Config(size=1)), "minutes": Budget(config=Config())},
    rows=lambda config: [
        Row("twice", over_seeds(ComputeCell(doubled, {"size": config.size}), 3))
    ],
    columns=(Column("doubled", "doubled"),),
    claims=(Claim("twice a number is above 1", Level("doubled", "twice", minus=1), least=0.5),),
)
'''


@pytest.fixture
def own_study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file with a study, in the current directory."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own_study.py"
    file.write_text(OWN, encoding="utf-8")
    yield file
    sys.modules.pop(file.stem, None)


def test_studies_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study"]) == 0
    assert "methods" in capsys.readouterr().out


def test_the_list_is_json_as_well(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["study", "list", "--json"]) == 0
    rows = {found["name"]: found for found in json.loads(capsys.readouterr().out)}
    assert {"name", "ids", "source", "page"} <= rows["coupon"].keys()
    assert rows["coupon"]["ids"] == ["A1", "A2"]
    assert rows["coupon"]["page"] == ""


@pytest.mark.full
def test_the_list_says_which_studies_have_a_page(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    for budget in ("minutes", "hours"):
        made = record([row("a", 0.5)])
        write_study(replace(made, study="coupon", name=f"coupon-{budget}", budget=budget), tmp_path)
    assert main(["study", "list", "--json", "--out", str(tmp_path)]) == 0
    rows = {found["name"]: found for found in json.loads(capsys.readouterr().out)}
    assert rows["coupon"]["page"] == str(tmp_path / "coupon-hours.md")
    assert rows["coupon"]["state"] == "hours: no claims"
    assert main(["study", "show", "coupon", "--out", str(tmp_path)]) == 0
    assert "50.0" in capsys.readouterr().out


def test_a_study_without_a_record_cannot_be_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["study", "show", "chance"]) == 2
    assert "run `nearfar study chance`" in capsys.readouterr().err


def test_each_setting_is_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "methods", "--help"]) == 0
    out = capsys.readouterr().out
    flags = ("data", "budget", "only", "seeds", "out", "cache", "jobs", "part", "image-size")
    assert every(f"--{flag}" in out for flag in flags)
    assert "F1" in out


@pytest.mark.usefixtures("own_study", "forked_processes")
def test_a_study_of_ones_own_is_run_by_its_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["study", "own_study.py", "--size", "2", "--jobs", "1"]
    assert main(words) == 0
    captured = capsys.readouterr()
    assert "held" in captured.out
    assert "3/3" in captured.err
    found = StudyRecord.load(tmp_path / "results" / "own_study-minutes.json")
    assert found.rows[0].values["doubled"] == pytest.approx((4.0, 4.01, 4.02))
    assert found.command == "nearfar study own_study --budget minutes --size 2"
    assert (
        "Is twice a number larger?" in (tmp_path / "results" / "own_study-minutes.md").read_text()
    )
    assert "twice a number is above 1" in (tmp_path / "results" / "what-holds.md").read_text()
    assert main([*words, "--json"]) == 0
    assert StudyRecord.from_json(capsys.readouterr().out).rows == found.rows
    assert main(["study", "own_study:STUDY", "--size", "0", "--jobs", "1"]) == 1  # not held


@pytest.mark.slow
@pytest.mark.usefixtures("own_study", "forked_processes")
def test_a_part_of_the_cells_is_made_by_each_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["study", "own_study.py", "--jobs", "1", "--part"]
    assert main([*words, "1/2"]) == 0
    assert len(list((tmp_path / "runs/studies/records").iterdir())) == 2
    assert main([*words, "2/2"]) == 0
    assert len(list((tmp_path / "runs/studies/records").iterdir())) == 3
    assert "1/1" in capsys.readouterr().err


@pytest.mark.full
@pytest.mark.usefixtures("forked_processes")
def test_all_studies_run_at_smoke(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out, cache = tmp_path / "out", tmp_path / "cache"
    words = ["study", "all", "--budget", "smoke", "--out", str(out), "--cache", str(cache)]
    assert main(words) in (0, 1)
    printed = capsys.readouterr().out
    assert "coupon-smoke" in printed
    assert {path.stem for path in out.glob("*.json")} >= {"coupon-smoke", "methods-smoke"}
    assert (out / "what-holds.md").is_file()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["method"], "did you mean 'methods'"),
        (["methods", "--only", "simclrr"], "did you mean 'simclr'"),
        (["methods", "--methods", "simclrr"], "did you mean 'simclr'"),
        (["methods", "--sed", "1"], "--seeds"),
        (["methods", "--data", "no-such-data"], "no data no-such-data"),
        (["methods", "--seeds", "1.5"], "whole number"),
        (["--seeds", "1.5", "methods"], "whole number"),
        (["--seeds", "1", "method"], "did you mean 'methods'"),
        (["--data", "no-such-data", "methods", "--epochs", "1"], "no data no-such-data"),
        (["methods", "--seeds", "0"], "`seeds` must be a whole number of 1 or more"),
        (["coupon", "--budget", "gpu"], "`budget` must be one of minutes, smoke"),
        (["coupon", "--part", "3/2"], "`part` must be I/N"),
        (["coupon", "--jobs", "-1"], "`jobs` must be a whole number"),
        (["all", "--budget", "weeks"], "`budget` must be one of"),
        (["show"], "name"),
        (["no_such_file.py"], "does not exist"),
        (["math:pi"], "must have an object STUDY"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["study", *words]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert said in captured.err.lower() or said in captured.err
