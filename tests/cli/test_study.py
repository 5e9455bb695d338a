"""``nearfar study``."""

from __future__ import annotations

from pathlib import Path

import pytest

from nearfar.cli import main
from nearfar.records import StudyRecord
from tests.every import every

SMALL = [
    *("--data", "digits", "--methods", "supervised", "--seeds", "1", "--epochs", "1"),
    *("--batch-size", "64", "--samples", "128", "--labeled", "128"),
]


def test_studies_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study"]) == 0
    assert "methods" in capsys.readouterr().out


def test_each_setting_is_a_flag(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "methods", "--help"]) == 0
    out = capsys.readouterr().out
    assert every(f"--{flag}" in out for flag in ("data", "budget", "only", "seeds", "out", "cache"))


@pytest.mark.slow
@pytest.mark.usefixtures("forked_processes")
def test_a_study_prints_its_table_and_claims_and_writes_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, cache = tmp_path / "out", tmp_path / "cache"
    words = ["study", "methods", *SMALL, "--out", str(out), "--cache", str(cache)]
    code = main(words)
    printed = capsys.readouterr().out
    assert "untrained" in printed
    assert "supervised training has" not in printed.splitlines()[0]
    record = StudyRecord.load(out / "methods-digits.json")
    assert code == (0 if record.held else 1)
    assert every(claim.text in printed for claim in record.claims)
    assert main([*words, "--json"]) == code
    assert StudyRecord.from_json(capsys.readouterr().out).rows == record.rows


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["method"], "did you mean 'methods'"),
        (["methods", "--only", "simclrr"], "did you mean 'simclr'"),
        (["methods", "--sed", "1"], "--seeds"),
        (["methods", "--data", "no-such-data"], "no data no-such-data"),
        (["methods", "--seeds", "1.5"], "whole number"),
        (["--seeds", "1.5", "methods"], "whole number"),
        (["--seeds", "1", "method"], "did you mean 'methods'"),
        (["--data", "no-such-data", "methods", "--epochs", "1"], "no data no-such-data"),
    ],
)
def test_a_mistake_is_one_line(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["study", *words]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert said in captured.err
