"""nearfar views: the flags and mistakes of training, and a page instead of a run."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from nearfar.cli import main
from nearfar.cli._train_plan import read_plan
from nearfar.cli._views_command import VIEWS


def test_a_page_of_views_is_written_and_what_is_printed_next_trains_with_them(
    few_digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "v.html"
    words = ["byol", "--data", str(few_digits), "--views.crop-scale", "0.4", "0.9", "--seed", "2"]
    assert main(["views", *words, "--samples", "3", "--draws", "1", "--out", str(page)]) == 0
    out = capsys.readouterr().out
    assert "views    2 of each sample, drawn once" in out
    text = page.read_text("utf-8")
    assert text.count('<div class="row">') == 3
    assert "crop_scale=(0.4, 0.9)" in text
    (following,) = (line for line in out.splitlines() if line[:4] == "next")
    command = following.split("nearfar ")[1]
    assert shlex.split(command, comments=True) == ["train", *words]


def test_the_method_is_simclr_without_one(
    few_digits: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["views", "--data", str(few_digits), "--out", str(tmp_path / "v.html")]) == 0
    assert f"nearfar train simclr --data {few_digits}" in capsys.readouterr().out
    assert "Views of simclr" in (tmp_path / "v.html").read_text("utf-8")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("simlcr --data digits", "did you mean 'simclr'"),
        ("--data digtis", "digits"),
        ("simclr", "`--data` must be given"),
        ("--data digits --views.flp 1", "--views.flip"),
        ("--data digits --views.crop-scale 0.3", "crop-scale"),
        ("--data digits --epochs -1", "epochs"),
        ("--data digits --samples many", "samples"),
        ("--data digits --resume runs/a", "--resume"),
        ("--data digits --minutes 3", "--minutes"),
        ("simclr vicreg --data digits", "vicreg"),
        ("digits", "nearfar views simclr --data digits"),
    ],
)
def test_mistakes_are_refused_without_the_data(line: str, said: str) -> None:
    found = read_plan(line.split(), command=VIEWS).said
    assert len(found) == 1
    assert said in found[0]


def test_mistakes_of_the_sheet_are_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["views", "--data", "digits", "--out", str(tmp_path / "v.png")]) == 2
    assert "`--out` must end in .html" in capsys.readouterr().err
    assert main(["views", "--data", "digits", "--samples", "0"]) == 2
    assert "samples" in capsys.readouterr().err


def test_help_has_the_flags_of_the_sheet_and_of_the_method(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["views", "byol", "--help"]) == 0
    out = capsys.readouterr().out
    assert "Usage: nearfar views [METHOD] --data SOURCE" in out
    for flag in ("--samples", "--draws", "--views.crop-scale", "--method.decay"):
        assert flag in out
    assert "--resume" not in out
