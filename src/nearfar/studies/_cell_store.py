"""The folder of a study's cells: records of finished ones, and directories of work."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nearfar._platform import lock
from nearfar.records import CellRecord
from nearfar.studies._cell import Cell

__all__ = ["CellStore", "lock_of"]


@dataclass(frozen=True)
class CellStore:
    """A folder of cells, which several processes and computers may share.

    ``records/NAME-SEED-KEY.json``
        The record of each finished cell. Copied to another computer, alone, it makes the cell
        finished there.
    ``work/NAME-SEED-KEY/``
        The run of a training, its kept checkpoints, a lock, and the record of a failure.

    Attributes:
        path: The folder.
    """

    path: Path

    def record_of(self, cell: Cell) -> Path:
        """File of a finished cell's record."""
        return self.path / "records" / f"{cell.file}.json"

    def work_of(self, cell: Cell) -> Path:
        """Directory of a cell's own files."""
        return self.path / "work" / cell.file

    def known(self, cell: Cell) -> CellRecord | None:
        """The record of a cell, also if it lacks some of what is asked for now."""
        path = self.record_of(cell)
        return CellRecord.load(path) if path.is_file() else None

    def read(self, cell: Cell) -> CellRecord | None:
        """The record of a cell that has finished, with everything that is asked for."""
        record = self.known(cell)
        return record if cell.covered_by(record) else None

    def failure(self, cell: Cell) -> CellRecord | None:
        """The record of a cell's last attempt, if it failed."""
        path = self.work_of(cell) / "failure.json"
        return CellRecord.load(path) if path.is_file() else None

    def found(self, cell: Cell) -> CellRecord | None:
        """The record of a cell that has finished or failed."""
        return self.read(cell) or self.failure(cell)

    def write(self, cell: Cell, record: CellRecord) -> None:
        """Write the record of a finished cell."""
        path = self.record_of(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        record.save(path)
        self.forget_failure(cell)

    def forget_failure(self, cell: Cell) -> None:
        """Remove the record of a failure."""
        (self.work_of(cell) / "failure.json").unlink(missing_ok=True)

    def fail(self, cell: Cell, why: str) -> None:
        """Write the record of a failure, which the next call tries again."""
        path = self.work_of(cell) / "failure.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        cell.failed(why).save(path)


@contextmanager
def lock_of(work: Path, *, wait: bool = True) -> Iterator[None]:
    """Inside, no other process works on a cell.

    Args:
        work: Directory of the cell's own files.
        wait: Wait for another process that does.

    Raises:
        BlockingIOError: Another process does, and `wait` is False.
    """
    work.mkdir(parents=True, exist_ok=True)
    with lock(work / "lock", wait=wait):
        yield
