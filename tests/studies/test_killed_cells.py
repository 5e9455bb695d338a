"""A training that is killed, again and again, ends with the numbers of an undisturbed one."""

from __future__ import annotations

import multiprocessing
import time
from pathlib import Path

import pytest

from nearfar.studies import StudyData, TrainCell
from nearfar.studies._cell_process import make_cell, work_on
from nearfar.studies._cell_store import CellStore

CELL = TrainCell(
    method="simclr",
    data=StudyData(source="digits", samples=200, labeled=100, tests=50),
    training={"epochs": 12, "batch_size": 32, "precision": "32"},
    measures=("knn", "linear", "health"),
    checkpoints=3,
)
COST = ("seconds", "cpu_seconds", "peak_memory")


@pytest.mark.slow
@pytest.mark.usefixtures("forked_processes")
def test_a_killed_training_is_the_training(tmp_path: Path) -> None:
    killed, undisturbed = CellStore(tmp_path / "killed"), CellStore(tmp_path / "undisturbed")
    checkpoints = killed.work_of(CELL) / "run" / "checkpoints"
    seen: set[str] = set()
    for _ in range(3):
        process = multiprocessing.get_context("spawn").Process(
            target=work_on, args=([CELL], killed, 1)
        )
        process.start()
        while process.is_alive():
            found = {path.name for path in checkpoints.glob("step-*.safetensors")}
            if found - seen:
                seen |= found
                process.kill()
            time.sleep(0.01)
        process.join()
    assert seen
    make_cell(CELL, killed)
    make_cell(CELL, undisturbed)
    one, other = killed.read(CELL), undisturbed.read(CELL)
    assert one is not None
    assert other is not None
    for name in other.values.keys() - set(COST):
        assert one.values[name] == other.values[name], name
    assert one.readings == other.readings
    assert [reading["step"] for reading in one.readings] == [0, 20, 40, 60]
