"""What decides a cell is in its key, and what does not is not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nearfar.api._method_listing import preset_options
from nearfar.records import CellRecord
from nearfar.studies import ComputeCell, Measure, StudyData, TrainCell, over_seeds
from nearfar.studies import _trained_cell as trained_cell
from nearfar.studies._compute_cell import sorted_values
from tests.studies import made_up
from tests.studies.made_up import HERE, double


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Twelve tiny images of two classes, and twelve to test with."""
    path = tmp_path / "few.npz"
    x = np.random.default_rng(0).integers(0, 255, size=(24, 8, 8)).astype(np.uint8)
    np.savez(path, x=x, y=np.arange(24) % 2)
    return path


def cell(file: Path, **more: object) -> TrainCell:
    usual = TrainCell(method="simclr", data=StudyData(source=str(file)), training={"epochs": 1})
    return replace(usual, **more)


def test_a_computation_is_known_by_function_arguments_and_version() -> None:
    usual = ComputeCell(double, {"x": 1.0})
    assert usual.function == "tests.studies.made_up:double"
    assert usual.key == ComputeCell("tests.studies.made_up:double", {"x": 1.0}, seed=3).key
    others = [
        ComputeCell(double, {"x": 2.0}),
        ComputeCell(double, {"x": 1.0}, version=2),
        ComputeCell("math:sqrt", {"x": 1.0}),
    ]
    assert len({usual.key, *(other.key for other in others)}) == 4
    assert usual.file.startswith("double-0-")


def test_the_code_of_a_function_outside_nearfar_is_in_the_key() -> None:
    assert "code" in ComputeCell(double, {"x": 1.0}).description
    inside = ComputeCell("nearfar.studies.chance:losses", {"case": "BYOL"})
    assert "code" not in inside.description


def test_a_function_that_no_module_defines_is_refused() -> None:
    with pytest.raises(ValueError, match="`function` must be a function that a module defines"):
        ComputeCell(lambda: 1.0)
    with pytest.raises(ValueError, match="`function` must be a reference module:function"):
        ComputeCell("not a reference")


def test_seeds_are_of_the_same_cell() -> None:
    found = over_seeds(ComputeCell(double, {"x": 1.0}), 3)
    assert [one.seed for one in found] == [0, 1, 2]
    assert len({one.key for one in found}) == 1
    assert len({one.file for one in found}) == 3
    with pytest.raises(ValueError, match="`seeds` must be a whole number of 1 or more"):
        over_seeds(found[0], 0)


def test_the_seed_reaches_a_function_that_takes_it(tmp_path: Path) -> None:
    made = ComputeCell(double, {"x": 1.0}, seed=5).make(tmp_path, None)
    assert made.values["double"] == 7.0
    assert {"seconds", "cpu_seconds"} <= made.values.keys()


def test_a_function_returns_numbers_texts_and_series() -> None:
    found = sorted_values({"a": np.float64(1), "b": "x", "c": [{"x": 1, "y": (2.0,)}]}, name="f")
    assert found == ({"a": 1.0}, {"b": "x"}, ({"x": 1, "y": [2.0]},))
    with pytest.raises(TypeError, match="f must return numbers, texts and series"):
        sorted_values({"a": object()}, name="f")
    with pytest.raises(TypeError, match="listed must return"):
        ComputeCell(made_up.listed).make(Path(), None)


def test_what_decides_a_training_is_in_its_key(file: Path, tmp_path: Path) -> None:
    usual = cell(file)
    same = [
        cell(file, seed=3),
        cell(file, measures=("knn",)),
        cell(file, checkpoints=4),
        cell(file, encoder="convnet"),  # the default
        cell(file, method_options={"temperature": preset_options("simclr")["temperature"]}),
    ]
    assert {one.key for one in same} == {usual.key}
    smaller = StudyData(source=str(file), samples=8)
    others = [
        cell(file, method="byol"),
        cell(file, data=smaller),
        cell(file, data=StudyData(source=str(file), held_out=4)),
        cell(file, encoder="resnet18"),
        cell(file, method_options={"temperature": 0.33}),
        cell(file, view_options={"flip": 0.0}),
        cell(file, training={"epochs": 2}),
        cell(file, training={"epochs": 1, "precision": "64"}),
        cell(file, start=cell(file)),
        cell(file, start=cell(file, seed=1)),
        cell(file, start=cell(file), carry="encoder"),
    ]
    assert len({usual.key, *(one.key for one in others)}) == 12


def test_changed_data_are_another_cell(file: Path) -> None:
    before = cell(file).key
    trained_cell._known.cache_clear()
    np.savez(file, x=np.zeros((24, 8, 8), np.uint8), y=np.arange(24) % 2)
    assert cell(file).key != before
    trained_cell._known.cache_clear()


def test_precision_and_versions_of_parts_are_in_the_description(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    described = cell(file).description
    assert described["precision"] in ("bf16", "32")
    assert described["parts"]["method simclr"] == 1
    assert described["parts"]["views of images"] == 1
    monkeypatch.setattr(trained_cell, "computes_in_bfloat16", lambda: True)
    assert cell(file).description["precision"] == "bf16"


def test_baselines_do_not_depend_on_the_training(file: Path) -> None:
    for method in ("raw", "untrained"):
        one, other = (cell(file, method=method, training=t) for t in ({}, {"epochs": 9}))
        assert one.key == other.key
    raw = [cell(file, method="raw", encoder=encoder).key for encoder in ("convnet", "resnet18")]
    assert raw[0] == raw[1]
    assert "parts" in cell(file, method="raw").description


def test_a_record_covers_a_cell_that_asks_for_no_more(file: Path) -> None:
    known = CellRecord("simclr", 0, "k", HERE, measured=("knn v1", "linear v1"))
    assert cell(file, measures=("knn",)).covered_by(known)
    assert not cell(file, measures=("knn", "health")).covered_by(known)
    assert not cell(file, measures=("knn",), checkpoints=2).covered_by(known)
    assert not cell(file).covered_by(None)


def test_a_measure_is_named_or_a_function() -> None:
    assert Measure("knn").label == "knn v1"
    own = Measure(made_up.width, {"times": 2}, version=3)
    assert own.label.startswith('tests.studies.made_up:width{"times": 2} v3 ')
    with pytest.raises(ValueError, match="did you mean 'linear'"):
        Measure("linaer")
    with pytest.raises(ValueError, match="`arguments` of knn must be empty"):
        Measure("knn", {"k": 3})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"seed": -1}, "`seed` must be a whole number of 0 or more"),
        ({"checkpoints": -1}, "`checkpoints` must be a whole number"),
        ({"carry": "head"}, "`carry` must be one of all, encoder"),
        ({"measures": ("accuracy",)}, "`measures` must be one of"),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_a_wrong_cell_is_refused(file: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cell(file, **options)


def test_only_a_training_can_be_continued(file: Path) -> None:
    with pytest.raises(ValueError, match="`start` must be a trained cell, got raw"):
        cell(file, start=cell(file, method="raw"))
    with pytest.raises(ValueError, match="`method` must be a preset to continue with"):
        cell(file, method="untrained", start=cell(file))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"samples": 0}, "`samples` must be a whole number of 1 or more"),
        ({"held_out": -1}, "`held_out` must be a whole number"),
        ({"judged": "train"}, "`judged` must be one of"),
        ({"judged": "held_out"}, "`held_out` must be 1 or more to evaluate on held-out samples"),
    ],
)
@pytest.mark.usefixtures("as_users_run_it")
def test_wrong_data_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        StudyData(source="digits", **options)  # type: ignore[arg-type]
