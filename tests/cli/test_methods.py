"""What there is to choose from, on a terminal."""

from __future__ import annotations

import json

import pytest

from nearfar.api._recipe import preset_names
from nearfar.cli import main


def test_the_table_of_methods_fits_100_columns_and_cuts_no_word(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    assert main(["methods"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 100
    assert "…" not in out
    named = [line.split()[0] for line in out.splitlines() if line[:2].strip()]
    assert set(preset_names()) <= set(named)


def test_methods_as_json_hold_every_column(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["methods", "--json"]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert tuple(rows) == preset_names()
    assert rows["moco_v2"] == {
        "name": "moco_v2",
        "method": "MoCo",
        "objective": "InfoNCELoss",
        "negatives": "yes",
        "momentum": "yes",
        "views": "two views",
        "for": "all",
        "paper": "He et al. 2020, arXiv 1911.05722; Chen et al. 2020, arXiv 2003.04297",
    }
    assert rows["deep_graph_infomax"]["for"] == "graphs"


@pytest.mark.parametrize("name", preset_names())
def test_every_method_has_help_with_its_flags(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["train", name, "--help"]) == 0
    out = capsys.readouterr().out
    assert f"nearfar train {name} --data" in out
    assert "--setting" in out
