"""A part that gives other results has another version; ``python -m`` this file writes the results.

The results of tiny trainings are compared with those that were written when their versions were
last raised. A result that moves while its versions stay is an error in one of two ways: the change
was not meant, or the version was forgotten, and caches would mix old and new results.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest

from nearfar.studies import ComputeCell, Measure, StudyData, TrainCell
from nearfar.studies._cell import Cell
from nearfar.studies._cell_process import make_cell
from nearfar.studies._cell_store import CellStore
from nearfar.studies._chosen_rows import validation_linear
from nearfar.studies._circle_values import circle_values
from nearfar.studies._contrast_values import contrast_values

EXPECTED = Path(__file__).with_name("expected_results.json")
DIGITS = StudyData(source="digits", samples=80, labeled=60, tests=40)
CONTRAST = {"num_negatives": 31, "views": 2, "samples": 40, "draws": 64}
READINGS = ("collapse_values", "decentering_values", "decorrelation_values")
COST = ("seconds", "cpu_seconds", "peak_memory")
AGAIN = (
    "the results of this part moved: undo the change, or raise the part's version in"
    " nearfar/studies/_part_versions.py (of a function: in its cell) and run"
    " python -m tests.studies.test_part_versions"
)


def trained(method: str, **more: Any) -> TrainCell:
    options = {"training": {"epochs": 1, "batch_size": 16, "precision": "32"}, **more}
    return TrainCell(method=method, data=DIGITS, **options)


CELLS: dict[str, Cell] = {
    "raw": trained("raw"),
    "untrained": trained("untrained"),
    **{
        name: trained(name)
        for name in ("simclr", "byol", "moco_v2", "vicreg", "swav", "deep_infomax", "supervised")
    },
    "projections": trained(
        "simsiam", measures=("projection_knn", "projection_linear", "projection_mean_classifier")
    ),
    "sgd": trained(
        "barlow_twins",
        training={"epochs": 1, "batch_size": 16, "precision": "32", "optimizer": "sgd"},
    ),
    "limited negatives": trained(
        "simclr",
        method_options={"num_negatives": 7},
        measures=(Measure(contrast_values, CONTRAST), validation_linear),
    ),
    "queue": trained(
        "nearfar.studies._queue_methods:queue_alignment_uniformity",
        method_options={"queue_size": 32},
        measures=("linear",),
    ),
    "circle": trained(
        "nearfar.studies._simclr_variants:linear_simclr",
        method_options={"dim": 2},
        measures=(circle_values,),
    ),
    "collapse": trained(
        "simsiam", measures=tuple(f"nearfar.studies._collapse_values:{name}" for name in READINGS)
    ),
    "one component": trained(
        "nearfar.studies._component_methods:one_component",
        measures=("nearfar.studies._collapse_values:collapse_values",),
    ),
    "prototypes": trained(
        "swav",
        view_options={"small_views": 0},
        measures=("nearfar.studies._prototype_values:prototype_values",),
    ),
    "published classifier": trained(
        "barlow_twins",
        method_options={"invariance_weight": 0.5},
        measures=("nearfar.studies._published_classifier:published_classifier",),
    ),
    "chance": ComputeCell(
        "nearfar.studies.chance:losses",
        {"case": "VICReg", "batch": 16, "dim": 8, "negatives": 64, "prototypes": 10},
    ),
    "coupon": ComputeCell(
        "nearfar.studies.coupon:coverage", {"classes": 10, "simulations": 20_000}
    ),
    "estimators": ComputeCell(
        "nearfar.studies.estimators:estimates",
        {"information": 2.0, "batch": 32, "dim": 8, "draws": 4},
    ),
    "supervised_bounds": ComputeCell(
        "nearfar.studies._bounds_of_worlds:five_classes",
        {"negatives": 16, "samples": 500, "draws": 500},
    ),
    "many_negatives": ComputeCell(
        "nearfar.studies._limit_values:perfect_distance", {"dim": 2, "temperature": 0.5}, version=3
    ),
    "multi_view": ComputeCell(
        "nearfar.studies._multi_view_values:random_values", {"task_of_input": True, "joints": 2}
    ),
    "simsiam_gradients": ComputeCell(
        "nearfar.studies._gradient_values:decentering",
        {
            "extra": "ideal predictor",
            "noise": 1.0,
            "temperature": 1.0,
            "samples": 100,
            "dim": 16,
        },
        version=2,
    ),
}


def result(cell: Cell) -> dict[str, Any]:
    """The versions of a cell's parts, and its values."""
    store = CellStore(Path(tempfile.mkdtemp()))
    make_cell(cell, store)
    record = store.read(cell)
    assert record is not None, store.failure(cell)
    versions = {name: record.cell[name] for name in ("parts", "version") if name in record.cell}
    values = {name: value for name, value in record.values.items() if name not in COST}
    return {"versions": versions | {"measured": [*record.measured]}, "values": values}


@pytest.mark.parametrize("name", CELLS)
def test_a_result_moves_only_with_a_version(name: str) -> None:
    expected = json.loads(EXPECTED.read_text(encoding="utf-8"))[name]
    found = result(CELLS[name])
    assert found["versions"] == expected["versions"], AGAIN
    assert found["values"].keys() == expected["values"].keys(), AGAIN
    for key, value in found["values"].items():
        # rounding differs between processors; accuracies are of 40 samples
        loose = {"abs": 0.051} if (0 <= value <= 1 and "knn" in key) or "linear" in key else {}
        usual = {"rel": 5e-3, "abs": 1e-6}
        assert value == pytest.approx(expected["values"][key], **(loose or usual)), (
            f"{key}: {AGAIN}"
        )


def test_every_result_is_of_a_cell() -> None:
    assert json.loads(EXPECTED.read_text(encoding="utf-8")).keys() == CELLS.keys()


if __name__ == "__main__":
    known = json.loads(EXPECTED.read_text(encoding="utf-8")) if EXPECTED.exists() else {}
    for name in sys.argv[1:] or list(CELLS):
        known[name] = result(CELLS[name])
        text = json.dumps({name: known[name] for name in CELLS if name in known}, indent=1)
        EXPECTED.write_text(text + "\n", encoding="utf-8")
