"""What the command line says of tables that can be read in several ways."""

from __future__ import annotations

import shlex
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from nearfar.cli import main

RANDOM = np.random.default_rng(0)
N = 40
WORDS = ["the", "red", "car", "is", "on", "a", "small", "road", "near", "our", "house", "today"]
TEXTS = [" ".join(RANDOM.choice(WORDS, 7)) for _ in range(N)]
SHORT = ["--epochs", "1", "--batch-size", "16", "--precision", "32", "--devices", "1"]


@pytest.fixture
def table(tmp_path: Path) -> Path:
    path = tmp_path / "a table.csv"
    columns = {"en": TEXTS, "fr": TEXTS[::-1], "from": ["web"] * N}
    pd.DataFrame(columns).to_csv(path, index=False)
    return path


def test_the_command_that_is_shown_trains_on_pairs(
    table: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "multiview", "--data", str(table)]) == 2
    said = capsys.readouterr().err
    assert "takes two as the halves of pairs, `--x` and `--s`" in said
    shown = said.partition("as in nearfar ")[2].partition("; or one")[0]
    words = shlex.split(shown)
    assert words[-4:] == ["--x", "en", "--s", "fr"]
    assert main([*words, "--out", str(tmp_path / "run"), *SHORT]) == 0
    assert f"{N} pairs (texts of 7 words, texts of 7 words)" in capsys.readouterr().out


def test_other_methods_are_offered_a_column_or_pairs(
    table: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", "simclr", "--data", str(table)]) == 2
    said = capsys.readouterr().err
    assert "en, fr: `--column en` takes one, `--x en --s fr` pairs of two" in said


def test_edges_without_features_are_a_graph(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edges = pd.DataFrame(RANDOM.integers(0, 30, (90, 2)))
    edges.to_csv(tmp_path / "edges.csv", index=False, header=False)
    out = str(tmp_path / "run")
    command = ["train", "dgi", "--data", str(tmp_path / "edges.csv"), "--out", out]
    assert main([*command, "--epochs", "1", "--devices", "1"]) == 0
    said = capsys.readouterr().out
    assert "theirs are one-hot degrees; `--features` gives others" in said
    assert "edges, 32 features" in said


def test_a_column_that_is_left_out_is_no_sample_that_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    numbers = pd.DataFrame(RANDOM.normal(size=(N, 9))).add_prefix("f")
    path = tmp_path / "t.csv"
    numbers.assign(name=[f"Ada van Lee {i}" for i in range(N)], label=1).to_csv(path, index=False)
    run = str(tmp_path / "run")
    assert main(["train", "simclr", "--data", str(path), "--out", run, *SHORT]) == 0
    assert main(["embed", run, "--data", str(path), "--out", str(tmp_path / "e.npz")]) == 0
    said = capsys.readouterr().out
    assert "1 non-numeric column ignored: name" in said
    assert "left out: " not in said.replace("left out as labels: label", "")
    assert f"{N} samples" in said
