"""Cells that train: every kind of data, checkpoints, measures added later, continued trainings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

import nearfar
from nearfar.records import CellRecord, HealthRecord, RunDirectory
from nearfar.studies import Measure, StudyData, TrainCell
from nearfar.studies._cell_process import make_cell
from nearfar.studies._cell_samples import Samples
from nearfar.studies._cell_store import CellStore
from tests.api.kinds import KINDS
from tests.every import every
from tests.studies import made_up

SHORT = {"epochs": 2, "batch_size": 16, "precision": "32"}
SIMCLR = TrainCell(
    method="simclr",
    data=StudyData(source="digits", samples=80, labeled=60, tests=40),
    training=SHORT,
    measures=("knn", "linear", "projection_knn", "health", made_up.spread),
)


def made(cell: TrainCell, store: CellStore) -> CellRecord:
    make_cell(cell, store)
    failure = store.failure(cell)
    assert failure is None, failure
    record = store.read(cell)
    assert record is not None
    return record


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> CellStore:
    return CellStore(tmp_path_factory.mktemp("cells"))


@pytest.fixture(scope="module")
def simclr(store: CellStore) -> CellRecord:
    """Trained for 10 updates, with two checkpoints."""
    return made(replace(SIMCLR, checkpoints=2), store)


def test_a_training_is_probed_and_measured(simclr: CellRecord, store: CellStore) -> None:
    assert {"knn", "linear", "projection_knn", "alignment", "m_o", "views"} <= simclr.values.keys()
    assert simclr.values["views"] == 3
    assert simclr.verdict == simclr.words["verdict"]
    assert simclr.values["cpu_seconds"] > 0
    assert simclr.cell["precision"] == "32"
    run = nearfar.load(store.work_of(SIMCLR) / "run")
    assert run.health.measurements["alignment"] == simclr.values["alignment"]


def test_readings_are_of_the_start_the_checkpoints_and_the_end(simclr: CellRecord) -> None:
    steps = [reading["step"] for reading in simclr.readings]
    assert steps == [0, 4, 8]
    assert [reading["epoch"] for reading in simclr.readings] == pytest.approx([0, 1, 2])
    assert every({"knn", "alignment"} <= reading.keys() for reading in simclr.readings)
    assert simclr.readings[-1]["alignment"] == simclr.values["alignment"]
    losses = [reading.get("loss") for reading in simclr.readings]
    assert losses[0] is None  # nothing was trained yet
    assert losses[1] != losses[2]


def test_the_first_reading_is_that_of_the_untrained_encoder(
    simclr: CellRecord, store: CellStore
) -> None:
    untrained = made(replace(SIMCLR, method="untrained", measures=("knn", "linear")), store)
    for name in ("knn", "linear"):
        assert simclr.readings[0][name] == pytest.approx(untrained.values[name])
    assert "projection_knn" not in untrained.values


def test_a_measure_that_is_added_later_trains_nothing(simclr: CellRecord, store: CellStore) -> None:
    weights = store.work_of(SIMCLR) / "run" / "encoder.safetensors"
    before = weights.stat().st_mtime_ns
    more = replace(SIMCLR, measures=("knn", Measure(made_up.width, {"times": 2.0})))
    assert store.read(more) is None
    record = made(more, store)
    assert record.values["width"] == 512
    assert record.values["linear"] == simclr.values["linear"]  # those before are kept
    assert record.readings == simclr.readings
    assert set(simclr.measured) < set(record.measured)
    assert weights.stat().st_mtime_ns == before


def test_a_verdict_of_other_readings_is_taken_again_and_nothing_else(
    simclr: CellRecord, store: CellStore
) -> None:
    cell = replace(SIMCLR, checkpoints=2)
    stored = RunDirectory(store.work_of(cell) / "run").health
    text = stored.read_text("utf-8")
    found = HealthRecord.load(stored)
    replace(found, measurements=found.measurements | {"m_o": -1.0}).save(stored)
    others = tuple(label for label in simclr.measured if not label.startswith("health"))
    store.write(cell, replace(simclr, measured=others, values=simclr.values | {"knn": -1.0}))
    record = made(cell, store)
    assert record.values["m_o"] == pytest.approx(simclr.values["m_o"])
    assert record.values["knn"] == -1
    assert len(record.readings) == len(simclr.readings)
    stored.write_text(text, "utf-8")
    store.write(cell, simclr)


def test_raw_features_have_accuracies_alone(store: CellStore) -> None:
    record = made(
        replace(SIMCLR, method="raw", measures=("knn", "mean_classifier", "health")), store
    )
    assert record.values.keys() == {"knn", "mean_classifier"}
    assert not record.verdict
    assert record.encoder


def same_weights(one: CellStore, cell: TrainCell, other: TrainCell) -> None:
    """The encoders of two cells have the same parameters; batch-norm statistics have moved."""
    runs = [nearfar.load(one.work_of(each) / "run") for each in (cell, other)]
    pairs = zip(*(run.encoder.parameters() for run in runs), strict=True)
    for mine, theirs in pairs:
        torch.testing.assert_close(mine, theirs, atol=1e-6, rtol=0)


@pytest.mark.slow
@pytest.mark.usefixtures("simclr")
def test_a_training_continues_from_the_weights_of_another(store: CellStore) -> None:
    start = replace(SIMCLR, measures=())
    cell = TrainCell(
        method="alignment_uniformity",
        data=SIMCLR.data,
        method_options={"alignment_weight": 1.0, "uniformity_weight": 0.0},
        training={**SHORT, "max_updates": 1, "learning_rate": 1e-12},
        measures=(made_up.head,),
        start=start,
    )
    record = made(cell, store)
    assert "starts from the weights of simclr (all)" in record.notes
    assert cell.needs == (start,)
    same_weights(store, cell, SIMCLR)
    heads = [record.values["head"]]
    for other in (replace(SIMCLR, measures=(made_up.head,)), replace(cell, carry="encoder")):
        heads.append(made(other, store).values["head"])
    assert heads[0] == pytest.approx(heads[1], rel=1e-5)  # the projector came along
    assert abs(heads[2] - heads[1]) > 1e-2  # and here it did not
    same_weights(store, replace(cell, carry="encoder"), SIMCLR)


@pytest.mark.slow
def test_a_momentum_encoder_starts_as_a_copy_of_the_weights(store: CellStore) -> None:
    cell = TrainCell(
        method="byol",
        data=SIMCLR.data,
        training={**SHORT, "max_updates": 1, "learning_rate": 1e-12},
        measures=("linear",),
        start=replace(SIMCLR, measures=()),
        method_options={"decay": 0.5},
    )
    made(cell, store)
    same_weights(store, cell, SIMCLR)


@pytest.mark.slow
def test_checkpoints_that_were_not_kept_are_trained_again(
    simclr: CellRecord, tmp_path: Path
) -> None:
    elsewhere = CellStore(tmp_path)
    without = made(replace(SIMCLR, measures=("knn",)), elsewhere)
    assert without.readings == ()
    found = made(replace(SIMCLR, measures=("knn",), checkpoints=2), elsewhere)
    assert [reading["step"] for reading in found.readings] == [0, 4, 8]
    assert [reading["knn"] for reading in found.readings] == [
        reading["knn"] for reading in simclr.readings
    ]
    one = made(replace(SIMCLR, measures=("linear",), checkpoints=1), elsewhere)  # of those kept
    assert [reading["step"] for reading in one.readings if "linear" in reading] == [0, 8]


@pytest.mark.slow
def test_a_run_that_is_gone_is_trained_again_for_a_new_measure(
    simclr: CellRecord, tmp_path: Path
) -> None:
    elsewhere = CellStore(tmp_path)
    elsewhere.write(SIMCLR, simclr)
    record = made(replace(SIMCLR, measures=("knn", "mean_classifier")), elsewhere)
    assert record.values["knn"] == simclr.values["knn"]
    assert "mean_classifier" in record.values


@pytest.mark.parametrize(
    "kind",
    [
        "vectors",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("images", "sequences", "text", "graphs")
        ),
    ],
)
def test_every_kind_of_data_is_trained_and_probed(kind: str, tmp_path: Path) -> None:
    found = KINDS[kind]
    data = StudyData(source=str(found.make(tmp_path)), options=found.options)
    store = CellStore(tmp_path / "cells")
    usual = TrainCell(
        method=found.method,
        data=data,
        method_options=found.method_options,
        training={"epochs": 1, "precision": "32"},
        measures=("knn", "linear", "mean_classifier", "health"),
        checkpoints=1,
    )
    for method in (found.method, "untrained", "raw"):
        options = found.method_options if method == found.method else {}
        record = made(replace(usual, method=method, method_options=options), store)
        accuracies = [record.values[name] for name in ("knn", "linear", "mean_classifier")]
        assert every(0 <= accuracy <= 1 for accuracy in accuracies)
        assert bool(record.verdict) == (method == found.method)
        assert len(record.readings) == (2 if method == found.method else 0)


def test_splits_do_not_overlap_and_do_not_depend_on_the_sizes() -> None:
    one = Samples.open(StudyData(source="digits", labeled=100))
    two = Samples.open(StudyData(source="digits", samples=300, held_out=200))
    assert (len(one.train), len(one.test), len(one.fitted)) == (1437, 360, 100)
    assert (len(two.train), len(two.test), len(two.fitted)) == (300, 360, 300)
    assert one.test.fingerprint == two.test.fingerprint
    train, tests = set(one.train.samples.tolist()), set(one.test.samples.tolist())
    assert not train & tests
    held_out = Samples.open(
        StudyData(source="digits", samples=300, held_out=200, judged="held_out")
    )
    chosen = set(held_out.test.samples.tolist())
    assert len(chosen) == 200
    assert not chosen & (set(two.train.samples.tolist()) | tests)
    assert held_out.train.fingerprint == two.train.fingerprint
    assert any("no official test set" in note for note in one.notes)


def test_more_samples_held_out_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="`held_out` must be below the number of training samples"):
        Samples.open(StudyData(source="digits", held_out=1437))


def test_data_that_change_during_the_study_are_noticed(tmp_path: Path) -> None:
    file = KINDS["vectors"].make(tmp_path)
    cell = TrainCell(method="raw", data=StudyData(source=str(file)), measures=("knn",))
    assert cell.key
    other = KINDS["images"].make(tmp_path)
    other.rename(file)
    store = CellStore(tmp_path / "cells")
    make_cell(cell, store)
    failure = store.failure(cell)
    assert failure is not None
    assert "`data` changed during the study" in failure.failure


def test_a_measure_with_a_name_that_is_taken_is_refused(store: CellStore) -> None:
    twice = ("knn", Measure(made_up.width), Measure(made_up.width, {"times": 2.0}))
    cell = replace(SIMCLR, method="untrained", measures=twice)
    make_cell(cell, store)
    failure = store.failure(cell)
    assert failure is not None
    assert "`measures` must have different names, got 'width' twice" in failure.failure
