"""The table of methods: what a cell is, how the table is put together, what it claims."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nearfar import studies
from nearfar.records import Column, Provenance, StudyRecord, StudyRow
from nearfar.reports import render_study, study_cell
from nearfar.studies._cell import Cell
from nearfar.studies._claim import judge
from nearfar.studies._methods_claims import claims_of
from nearfar.studies._methods_table import CLAIMS, Config, _cells, image_methods, run
from nearfar.studies._study_samples import Samples
from tests.forked import forked

SMOKE = studies.methods.SMOKE
CELL = Cell(
    method="simclr",
    seed=0,
    data="digits",
    fingerprint="0" * 16,
    samples=64,
    labeled=None,
    encoder="convnet",
    training={"epochs": 1, "batch_size": 32},
)


def table(rows: list[StudyRow], *, budget: str = "cpu") -> StudyRecord:
    return StudyRecord(
        study="methods",
        name="methods-x",
        title="Methods",
        claim="They differ.",
        setting={},
        config={"budget": budget},
        command="nearfar study methods",
        columns=(Column("knn", "kNN", "percent"), Column("linear", "linear", "percent")),
        rows=tuple(rows),
        provenance=Provenance("0", "2", "3", "cpu", 1, "", "2026-01-01T00:00:00Z"),
    )


def row(name: str, *linear: float, verdict: str = "healthy", baseline: bool = False) -> StudyRow:
    return StudyRow(
        name,
        values={"linear": linear, "knn": linear},
        words={"verdict": (verdict,) * len(linear)},
        seeds=len(linear),
        baseline=baseline,
    )


def verdicts(record: StudyRecord, *methods: str) -> list[str]:
    return [claim.verdict for claim in judge(claims_of(methods), record)]


UNTRAINED = row("untrained", 0.30, 0.32, baseline=True)


def test_a_method_beats_the_untrained_encoder_by_more_than_the_spread() -> None:
    assert verdicts(table([UNTRAINED, row("simclr", 0.40, 0.41)]), "simclr")[0] == "held"
    assert verdicts(table([UNTRAINED, row("simclr", 0.32, 0.34)]), "simclr")[0] == "did not hold"
    assert verdicts(table([UNTRAINED, row("simclr", 0.40)]), "simclr")[0] == "open"


def test_the_gain_has_an_interval_over_seeds() -> None:
    record = table([UNTRAINED, row("simclr", 0.40, 0.44)])
    (claim, *_) = judge(claims_of(["simclr"]), record)
    # differences of 10 and 12 points: 11 ± 12.706 · 1
    assert "linear +11.0 points [−1.7, 23.7]" in claim.evidence


def test_a_method_that_was_not_trained_claims_nothing() -> None:
    assert len(verdicts(table([UNTRAINED, StudyRow("simclr")]), "simclr")) == 2


def test_one_collapsed_seed_is_enough() -> None:
    rows = [UNTRAINED, row("simclr", 0.4, 0.4), row("byol", 0.4, verdict="complete collapse")]
    judged = judge(claims_of(["simclr"]), table(rows))
    (found,) = [claim for claim in judged if "collapses" in claim.text]
    assert found.holds is False
    assert "byol: complete collapse" in found.evidence


def test_a_collapsed_baseline_is_no_collapsed_method() -> None:
    rows = [row("simclr", 0.4), row("supervised", 0.5, verdict="complete collapse", baseline=True)]
    assert "did not hold" not in verdicts(table(rows), "simclr")


@pytest.mark.parametrize(("supervised", "verdict"), [(0.5, "held"), (0.3, "did not hold")])
def test_training_by_class_should_be_best(supervised: float, verdict: str) -> None:
    rows = [row("simclr", 0.4), row("supervised", supervised, baseline=True)]
    assert verdicts(table(rows))[1] == verdict


@pytest.mark.parametrize(
    ("worst", "budget", "verdict"),
    [(0.48, "cpu", "held"), (0.40, "cpu", "open"), (0.40, "gpu", "did not hold")],
)
def test_a_wide_range_proves_something_only_after_a_long_run(
    worst: float, budget: str, verdict: str
) -> None:
    names = ("simclr", "moco_v2", "byol", "simsiam", "swav", "barlow_twins", "vicreg")
    rows = [row(name, 0.5) for name in names[:-1]] + [row(names[-1], worst)]
    assert verdicts(table(rows, budget=budget))[-1] == verdict


def test_a_failed_method_is_shown_and_the_record_does_not_hold() -> None:
    failed = StudyRow("byol", seeds=2, failures=("seed 0: ValueError: a | b", "seed 1: no"))
    record = table([row("simclr", 0.4, 0.5), failed])
    assert not record.held
    text = render_study(record)
    assert "| `byol` | failed |" in text
    assert "* byol, seed 0: ValueError: a | b" in text


def test_a_row_with_fewer_seeds_says_so() -> None:
    record = table([replace(row("simclr", 0.4, 0.5), seeds=3)])
    assert "`simclr` (2 of 3 seeds)" in render_study(record)


def test_cells_show_mean_and_spread() -> None:
    assert study_cell(row("a", 0.5, 0.7), Column("knn", "kNN", "percent")) == "60.0 ± 14.1"
    assert study_cell(row("a", 0.5), Column("knn", "kNN", "percent")) == "50.0"
    assert study_cell(row("a", 0.5, 0.6), Column("verdict", "", "words")) == "healthy"
    assert study_cell(StudyRow("a"), Column("verdict", "", "words")) == "–"


def test_what_decides_a_cell_is_in_its_key_and_what_does_not_is_not() -> None:
    assert CELL.key == replace(CELL, threads=1).key == replace(CELL, seed=3).key
    others = [
        replace(CELL, method="byol"),
        replace(CELL, samples=65),
        replace(CELL, labeled=10),
        replace(CELL, encoder="resnet18"),
        replace(CELL, fingerprint="1" * 16),
        replace(CELL, training={"epochs": 2, "batch_size": 32}),
    ]
    assert len({CELL.key, *(other.key for other in others)}) == 7
    assert CELL.path(Path("x")) != replace(CELL, seed=3).path(Path("x"))


def test_images_without_an_official_test_set_are_split_once() -> None:
    one, two = Samples.open("digits", labeled=100), Samples.open("digits", samples=300)
    assert len(one.test) == 360
    assert len(one.train) == 1437
    assert not set(one.train.samples.tolist()) & set(one.test.samples.tolist())
    assert len(one.fitted) == len(one.fitted_labels) == 100
    assert len(two.train) == len(two.labels) == 300
    assert one.test.fingerprint == two.test.fingerprint
    assert one.fingerprint != two.fingerprint
    assert any("no official test set" in note for note in one.notes)


def test_data_of_another_kind_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "table.npz"
    np.savez(file, x=np.zeros((8, 3), np.float32), y=np.arange(8) % 2)
    with pytest.raises(ValueError, match="`data` must be images, got vectors"):
        Samples.open(str(file))


def test_the_rate_goes_with_the_batch() -> None:
    config = Config(data="digits", budget="gpu", seeds=1, batch_size=128)
    (cell,) = _cells(config, ["simclr"], fingerprint="")
    assert cell.training["learning_rate"] == pytest.approx(0.06)
    assert cell.encoder == "resnet18"
    assert cell.labeled is None


def test_labels_go_with_their_samples() -> None:
    from nearfar.data import open_labeled

    samples, whole = Samples.open("digits", samples=50), open_labeled("digits")
    batch = samples.train.read(range(50))
    shown = samples.labeled_views()(batch.inputs, batch.samples, seed=0, epoch=0)
    assert len(shown) == 2
    assert shown[1].tolist() == whole.train_labels[batch.samples].tolist()
    assert samples.labels.tolist() == whole.train_labels[samples.train.samples].tolist()


def test_rows_are_the_methods_for_images() -> None:
    names = image_methods()
    assert {"simclr", "byol", "vicreg", "autoencoder"} <= set(names)
    assert not {"deep_graph_infomax", "cpc"} & set(names)
    claimed = {claim.about for claim in CLAIMS} - {"", "supervised"}
    assert claimed == set(names) - {"autoencoder"}


def test_several_words_may_be_one_with_commas() -> None:
    config = Config(methods=("simclr,byol", "moco_v2"), only=("byol",))
    assert config.methods == ("simclr", "byol", "moco_v2")
    assert config.only == ("byol",)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"methods": ("simclrr",)}, "did you mean 'simclr'"),
        ({"only": ("dgi",)}, "`only` must be one of"),
        ({"budget": "tpu"}, "`budget` must be one of cpu, gpu"),
        ({"seeds": 0}, "`seeds` must be a whole number of 1 or more"),
        ({"samples": -1}, "`samples` must be a whole number of 1 or more"),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_a_wrong_setting_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Config(**options)  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.usefixtures("forked_processes")
def test_one_method_that_fails_does_not_stop_the_others(tmp_path: Path) -> None:
    config = replace(SMOKE, methods=("simclr", "supervised"), batch_size=250)  # of 230
    record = run(config, cache=tmp_path)
    rows = {found.name: found for found in record.rows}
    assert "batch_size" in rows["simclr"].failures[0]
    assert rows["raw pixels"].values
    assert rows["untrained"].values
    assert not record.held


@pytest.mark.slow
@pytest.mark.usefixtures("forked_processes")
def test_only_some_cells_are_trained_and_all_are_shown(tmp_path: Path) -> None:
    config = replace(SMOKE, methods=("simclr", "supervised"), only=("supervised",))
    record = run(config, cache=tmp_path)
    rows = {found.name: found for found in record.rows}
    assert list(rows) == ["raw pixels", "untrained", "simclr", "supervised"]
    assert rows["supervised"].values
    assert not rows["simclr"].values
    assert "--only" not in record.command


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
    config = Config(data="digits", methods=(f"simclr,{name}",))
    assert config.methods == ("simclr", name)
    cell = replace(CELL, method=name)
    before = cell.path(Path())
    assert before.name.startswith("own_study_methods.py-own-0-")
    assert cell.path(Path()) == before
    own_file.write_text(OWN + "\n# edited", encoding="utf-8")
    assert cell.path(Path()) != before


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("own_study_methods.py:unseen", "declare their views of images"),
        ("own_study_methods.py:elsewhere", "which is for text"),
        ("own_study_methods.py:absent", "'absent' in 'own_study_methods', which has no such name"),
        ("absent.py:own", "refers to the file absent.py, which does not exist"),
    ],
)
def test_a_method_of_ones_own_that_cannot_be_compared_is_refused(
    own_file: Path, name: str, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Config(data="digits", methods=("simclr", name))


@pytest.mark.slow
def test_a_method_of_ones_own_is_trained_beside_others(own_file: Path, tmp_path: Path) -> None:
    name = f"{own_file.name}:own"
    config = replace(SMOKE, methods=("simclr", name), seeds=2)
    with forked():
        record = run(config, cache=tmp_path / "cells")
    found = record.row(name)
    assert found is not None
    assert not found.failures
    (claim,) = [claim for claim in record.claims if claim.text.startswith(name)]
    assert "[" in claim.evidence
