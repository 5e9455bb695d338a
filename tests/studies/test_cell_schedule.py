"""Making cells in processes: finished once, failed again, killed, several at a time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from nearfar.records import CellRecord
from nearfar.studies import ComputeCell
from nearfar.studies._cell import Cell
from nearfar.studies._cell_process import make_cell
from nearfar.studies._cell_schedule import fill_cells, with_needs
from nearfar.studies._cell_store import CellStore
from nearfar.studies._run_study import Part, part_of
from nearfar.studies._study_progress import StudyProgress
from tests.every import every
from tests.studies.made_up import counted, killed, slow

pytestmark = pytest.mark.usefixtures("forked_processes")


def fill(cells: list[ComputeCell], store: CellStore, *, jobs: int = 2) -> list[str]:
    told: list[str] = []
    progress = StudyProgress(told.append)
    fill_cells(cells, store, jobs=jobs, threads=None, progress=progress)
    return told


def calls(folder: Path, name: str) -> int:
    path = folder / f"{name}.calls"
    return len(path.read_text(encoding="utf-8").splitlines()) if path.exists() else 0


def cell(folder: Path, name: str, **more: object) -> ComputeCell:
    return ComputeCell(counted, {"folder": str(folder), "name": name, **more})


def test_a_finished_cell_is_not_made_again(tmp_path: Path) -> None:
    store, cells = CellStore(tmp_path / "cells"), [cell(tmp_path, name) for name in "abc"]
    told = fill(cells, store)
    assert len(told) == 3
    assert told[-1].startswith("3/3 counted")
    record = store.read(cells[0])
    assert record is not None
    assert record.words == {"state": "fine"}
    assert record.readings == ({"x": 1, "y": 2.0},)
    assert fill(cells, store) == ["3 of 3 cells have already finished"]
    assert [calls(tmp_path, name) for name in "abc"] == [1, 1, 1]


def test_records_alone_go_on_elsewhere(tmp_path: Path) -> None:
    store, cells = CellStore(tmp_path / "cells"), [cell(tmp_path, name) for name in "ab"]
    for one in cells:
        make_cell(one, store)
    shutil.copytree(tmp_path / "cells" / "records", tmp_path / "there" / "records")
    there = CellStore(tmp_path / "there")
    assert fill(cells, there) == ["2 of 2 cells have already finished"]
    assert every(there.read(one) == store.read(one) for one in cells)
    assert len(list((tmp_path / "there" / "records").iterdir())) == 2


def test_a_failure_is_recorded_and_tried_again(tmp_path: Path) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [cell(tmp_path, "bad", fails=1), cell(tmp_path, "good")]
    told = fill(cells, store)
    assert [line for line in told if "failed: ValueError: bad fails this time" in line]
    assert store.read(cells[0]) is None
    assert store.failure(cells[0]) is not None
    assert store.read(cells[1]) is not None
    fill(cells, store)
    assert store.read(cells[0]) is not None
    assert store.failure(cells[0]) is None
    assert [calls(tmp_path, name) for name in ("bad", "good")] == [2, 1]


def test_a_killed_process_is_a_failure_of_its_cell_alone(tmp_path: Path) -> None:
    store = CellStore(tmp_path / "cells")
    cells = [
        ComputeCell(killed, {"folder": str(tmp_path), "times": 1}),
        cell(tmp_path, "after"),
    ]
    told = fill(cells, store, jobs=1)  # both in one process
    failed = store.failure(cells[0])
    assert failed is not None
    assert failed.failure == "its process ended with signal 9 (out of memory?)"
    assert store.read(cells[1]) is not None
    assert len(told) == 2
    fill(cells, store, jobs=1)
    assert store.read(cells[0]) is not None


def test_a_cell_that_another_process_made_meanwhile_is_taken(tmp_path: Path) -> None:
    store, one = CellStore(tmp_path / "cells"), cell(tmp_path, "a")
    make_cell(one, store)
    make_cell(one, store)  # under the lock it looks again
    assert calls(tmp_path, "a") == 1


@pytest.mark.slow
def test_several_cells_are_made_at_a_time(tmp_path: Path) -> None:
    import time

    cells = [ComputeCell(slow, {"seconds": 2.0 + 1e-6 * i}) for i in range(4)]
    fill([ComputeCell(slow, {"seconds": 0.0})], CellStore(tmp_path / "warm"))
    began = time.monotonic()
    fill(cells, CellStore(tmp_path / "cells"), jobs=4)
    assert time.monotonic() - began < 7  # one after the other: 8 s


class Needing(Cell):
    """A cell that needs others."""

    def __init__(self, name: str, *needs: Needing, measured: tuple[str, ...] = ()) -> None:
        self.seed, self._name, self._needs, self._measured = 0, name, needs, measured

    @property
    def name(self) -> str:
        return self._name

    @property
    def needs(self) -> tuple[Cell, ...]:
        return self._needs

    @property
    def measured(self) -> tuple[str, ...]:
        return self._measured

    def describe(self) -> dict[str, str]:
        return {"name": self._name}

    def make(self, work: Path, known: CellRecord | None) -> CellRecord:
        raise AssertionError


def test_needed_cells_come_first_and_each_once() -> None:
    first = Needing("first")
    again = Needing("first", measured=("knn",))
    second, third = Needing("second", first), Needing("third", first)
    found = with_needs([second, third, again])
    assert [cell.name for cell in found] == ["first", "second", "third"]
    assert found[0].measured == ("knn",)  # the one that asks for more


def test_a_part_is_a_number_of_a_number() -> None:
    assert part_of("2/8") == Part(2, 8)
    for text in ("0/8", "9/8", "2", "a/b", "2/8/3", "-1/2"):
        with pytest.raises(ValueError, match="`part` must be I/N"):
            part_of(text)


def test_the_time_left_is_that_of_the_cells_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr("nearfar.studies._study_progress.time.monotonic", lambda: now[0])
    progress = StudyProgress(lambda line: None)
    progress.begin(4, finished=0, jobs=1)
    assert progress.left is None
    now[0] = 30.0
    progress.started("a")
    progress.part("a", 0.5)
    assert progress.left == pytest.approx(210)  # half a cell in 30 s
    record = CellRecord("a", 0, "k", provenance=_here())
    progress.finished("a", record)
    assert progress.left == pytest.approx(90)


def _here() -> object:
    from tests.studies.made_up import HERE

    return HERE
