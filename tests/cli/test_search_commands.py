"""neighbours, duplicates and outliers on a run and on a file of embeddings."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from nearfar.cli import main


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """300 digits, near duplicates of 14 and copies of 2."""
    x = load_digits().images[:300]
    rng = np.random.default_rng(0)
    near = np.clip(x[:14] + rng.normal(0, 0.4, (14, 8, 8)), 0, 16)
    together = np.concatenate([x, near, x[20:22]])
    file = tmp_path_factory.mktemp("planted") / "digits.npy"
    np.save(file, np.round(together * 255 / 16).astype(np.uint8))
    return file


@pytest.mark.parametrize("command", ["neighbours", "duplicates", "outliers"])
def test_a_run_searches_its_own_data_and_what_is_printed_next_works(
    command: str, run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(run)]) == 0
    out = capsys.readouterr().out
    assert (run / f"{command}.html").is_file()
    following = [line.split("nearfar ")[1] for line in out.splitlines() if line[:4] == "next"]
    assert following
    words = shlex.split(following[0], comments=True)
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 1797


def test_planted_near_duplicates_are_nearest_and_grouped(
    run: Path, planted: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "d.html"
    rows = [str(row) for row in range(14)]
    data = ["--data", str(planted), "--out", str(page), "--json"]
    assert main(["neighbours", str(run), "--of", *rows, "--k", "1", *data]) == 0
    found = json.loads(capsys.readouterr().out)["queries"]
    nearest = [query["neighbors"][0]["row"] for query in found]
    assert sum(near == 300 + row for row, near in enumerate(nearest)) >= 12
    assert main(["duplicates", str(run), "--threshold", "0.9999999", *data]) == 0
    groups = json.loads(capsys.readouterr().out)["groups"]
    assert [group["rows"] for group in groups if group["copies"]] == [[20, 314], [21, 315]]
    assert page.with_suffix(".csv").read_text("utf-8").count("\n") >= 5


def test_a_new_file_is_embedded_by_the_run(
    run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    picture = np.round(load_digits().images[100] * 255 / 16).astype(np.uint8)
    Image.fromarray(picture).save(tmp_path / "my digit.png")
    words = ["--of", str(tmp_path / "my digit.png"), "0", "--k", "2", "--json"]
    assert main(["neighbours", str(run), *words]) == 0
    known, new = json.loads(capsys.readouterr().out)["queries"]
    assert (known["row"], new["row"], new["id"]) == (0, None, "my digit.png")
    assert new["neighbors"][0]["row"] == 100
    assert new["neighbors"][0]["similarity"] > 0.999


def test_errors_name_the_flag(run: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words, message in (
        (["neighbours", str(run), "--of", "1797"], "`of` must be a row from 0 to 1,796, got 1797"),
        (["neighbors", str(run), "--out", "page.pdf"], "`--out` must end in .html"),
        (["duplicates", str(run), "--threshold", "2"], "`threshold` must be above"),
        (["outliers", str(run), "--top", "0"], "`top` must be a whole number of 1 or more"),
        (["outliers", "none.npz"], "got none.npz, which is not there"),
    ):
        assert main(words) == 2
        assert message in capsys.readouterr().err
