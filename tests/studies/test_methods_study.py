"""The table of methods: its rows, its settings, methods of one's own."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nearfar.studies import StudyData, TrainCell, find_study, run_study
from nearfar.studies._method_rows import EXPLAINING, compared, image_methods
from nearfar.studies.methods import Config
from tests.forked import forked

METHODS = find_study("methods")


def test_rows_are_the_methods_for_images() -> None:
    names = [row.name for row in METHODS.rows(METHODS.config())]
    assert names[:2] == ["raw", "untrained"]
    assert names[-1] == "supervised"
    assert {"simclr", "byol", "vicreg", "autoencoder"} <= set(names)
    assert not {"deep_graph_infomax", "cpc", *EXPLAINING} & set(names)
    claimed = {claim.text.split(" beats")[0] for claim in METHODS.claims(METHODS.config())}
    assert {*image_methods()} - {"autoencoder"} <= claimed


def test_several_words_may_be_one_with_commas() -> None:
    assert compared(("simclr,byol", "moco_v2", "byol")) == ("simclr", "byol", "moco_v2")
    assert compared(("supervised",)) == ("supervised",)


def test_the_rate_goes_with_the_batch() -> None:
    config = METHODS.config("gpu", methods=("simclr",), batch_size=128)
    cell = METHODS.rows(config)[-1].cells[0]
    assert cell.training["learning_rate"] == pytest.approx(0.06)
    assert (cell.encoder, cell.training["optimizer"]) == ("resnet18", "sgd")
    assert METHODS.config("gpu").batch_size == 512


def test_published_numbers_stand_beside_ours() -> None:
    rows = {row.name: row for row in METHODS.rows(METHODS.config())}
    assert rows["simclr"].words["published"] == "kNN 84.8, linear 90.7"
    assert not rows["cpc_v2"].words["published"]


@pytest.mark.parametrize(
    ("word", "message"),
    [("simclrr", "did you mean 'simclr'"), ("dgi", "`methods` must be one of")],
)
def test_a_wrong_row_is_refused(word: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compared((word,))


OWN = """
from torch import nn
from nearfar.methods import ANY, Serves, SimCLR
from nearfar.views import ViewRecipe, simclr_views

class Own(SimCLR):
    serves = {"images": Serves(views=ViewRecipe(simclr_views))}

class Unseen(SimCLR):
    serves = {ANY: Serves()}

class Elsewhere(SimCLR):
    serves = {"text": Serves()}

def own(encoder: nn.Module, width: int, *, dim: int = 16) -> Own:
    return Own(encoder, nn.Linear(width, dim))

def unseen(encoder: nn.Module, width: int) -> Unseen: ...

def elsewhere(encoder: nn.Module, width: int) -> Elsewhere: ...
"""


@pytest.fixture
def own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A file with methods, in the current directory."""
    monkeypatch.setattr(sys, "path", list(sys.path))
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "own_study_methods.py"
    file.write_text(OWN, encoding="utf-8")
    yield file
    sys.modules.pop(file.stem, None)


def test_a_method_of_ones_own_is_a_row_and_its_file_part_of_the_cell(own_file: Path) -> None:
    name = f"{own_file.name}:own"
    assert compared((f"simclr,{name}",)) == ("simclr", name)
    data = StudyData(source="digits", samples=64)
    before = TrainCell(method=name, data=data).file
    assert before.startswith("own_study_methods.py-own-0-")
    assert TrainCell(method=name, data=data).file == before
    own_file.write_text(OWN + "\n# edited", encoding="utf-8")
    assert TrainCell(method=name, data=data).file != before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("own_study_methods.py:unseen", "declare their views of images"),
        ("own_study_methods.py:elsewhere", "which is for text"),
        ("own_study_methods.py:absent", "'absent' in 'own_study_methods', which has no such name"),
        ("absent.py:own", "refers to the file absent.py, which does not exist"),
    ],
)
@pytest.mark.usefixtures("own_file")
def test_a_method_of_ones_own_that_cannot_be_compared_is_refused(name: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        compared(("simclr", name))


@pytest.mark.slow
def test_a_method_of_ones_own_is_trained_beside_others(own_file: Path, tmp_path: Path) -> None:
    name = f"{own_file.name}:own"
    config = METHODS.config("smoke", methods=("simclr", name))
    with forked():
        record = run_study(
            METHODS, budget="smoke", config=config, cache=tmp_path / "cells", progress=str
        )
    found = record.row(name)
    assert found is not None
    assert not found.failures
    (claim,) = [claim for claim in record.claims if claim.text.startswith(name)]
    assert claim.effect is not None


@pytest.mark.slow
def test_one_method_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    config = METHODS.config("smoke", methods=("simclr", "supervised"), batch_size=250)  # of 230
    with forked():
        record = run_study(METHODS, budget="smoke", config=config, cache=tmp_path, progress=str)
    rows = {found.name: found for found in record.rows}
    assert "batch_size" in rows["simclr"].failures[0]
    assert rows["raw"].values
    assert rows["untrained"].values
    assert not record.held


@pytest.mark.slow
def test_only_some_rows_are_made_and_all_are_shown(tmp_path: Path) -> None:
    config = METHODS.config("smoke", methods=("simclr", "supervised"), seeds=1)
    with forked():
        record = run_study(
            METHODS,
            budget="smoke",
            config=config,
            cache=tmp_path,
            only=["supervised"],
            progress=str,
        )
    rows = {found.name: found for found in record.rows}
    assert list(rows) == ["raw", "untrained", "simclr", "supervised"]
    assert rows["supervised"].values
    assert not rows["simclr"].values
    assert "--only" not in record.command
    with pytest.raises(ValueError, match="did you mean 'supervised'"):
        run_study(METHODS, budget="smoke", config=config, cache=tmp_path, only=["supervise"])


def test_a_config_keeps_its_names_of_0_1() -> None:
    with pytest.warns(DeprecationWarning, match="labelled"):
        assert Config(**{"labelled": 10}).labeled == 10
