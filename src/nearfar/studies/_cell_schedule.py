"""Computation of cells in processes of their own, several at a time."""

from __future__ import annotations

import json
import multiprocessing
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from multiprocessing.connection import wait
from typing import Any, final

from nearfar.studies._cell import Cell
from nearfar.studies._cell_process import INTERRUPTED, work_on
from nearfar.studies._cell_store import CellStore
from nearfar.studies._study_progress import StudyProgress

__all__ = ["fill_cells", "with_needs"]

_KILLED = 9  # SIGKILL, which the signal module of Windows does not define
_SHARED = 8  # quick cells in one process, at most
_LOOKED = 0.5  # seconds between two looks at the progress of the processes


def with_needs(cells: Sequence[Cell]) -> list[Cell]:
    """The cells and those that they need, each once, the needed ones first."""
    found: dict[str, Cell] = {}

    def add(cell: Cell) -> None:
        for needed in cell.needs:
            add(needed)
        known = found.get(cell.file)
        if known is None or set(known.measured) < set(cell.measured):
            found[cell.file] = cell

    for cell in cells:
        add(cell)
    return list(found.values())


@dataclass
class _Task:
    """A process and the cells that it makes."""

    process: Any
    cells: list[Cell]


def fill_cells(
    cells: Sequence[Cell],
    store: CellStore,
    *,
    jobs: int,
    threads: int | None,
    progress: StudyProgress,
) -> None:
    """Make all unfinished cells.

    A failure is recorded and the other cells continue; failed cells are tried again by the next
    call.

    Args:
        cells: The cells.
        store: Where their records are.
        jobs: Number of processes at a time.
        threads: CPU threads of each; PyTorch's default if None.
        progress: Display.

    Raises:
        KeyboardInterrupt: Ctrl-C; the cells in training have saved their runs.
    """
    every = with_needs(cells)
    waiting = [cell for cell in every if store.read(cell) is None]
    progress.begin(len(waiting), finished=len(every) - len(waiting), jobs=jobs)
    if not waiting:
        return
    schedule = _Schedule(waiting, store, jobs=jobs, threads=threads, progress=progress)
    try:
        schedule.run()
    except KeyboardInterrupt:
        stopped = schedule.stop()
        raise KeyboardInterrupt(
            f"stopped at {' and '.join(stopped)}; the same command resumes the study"
        ) from None
    finally:
        progress.close()


@final
class _Schedule:
    """The cells that wait, and the processes that are at work."""

    def __init__(
        self,
        waiting: Sequence[Cell],
        store: CellStore,
        *,
        jobs: int,
        threads: int | None,
        progress: StudyProgress,
    ) -> None:
        self._waiting, self._store, self._jobs = list(waiting), store, jobs
        self._threads, self._progress = threads, progress
        self._tasks: list[_Task] = []
        self._context = _processes(trains=not all(cell.quick for cell in waiting))

    def run(self) -> None:
        """Make all cells."""
        while self._waiting or self._tasks:
            while len(self._tasks) < self._jobs and (some := self._next()):
                self._start(some)
            wait([task.process.sentinel for task in self._tasks], timeout=_LOOKED)
            for task in list(self._tasks):
                ended = not task.process.is_alive()
                self._look(task, ended=ended)
                if ended:
                    self._tasks.remove(task)
                    self._ended(task)

    def stop(self) -> list[str]:
        """Let all processes save their runs and end; the cells that they were at."""
        at = [cell.shown for task in self._tasks for cell in task.cells[:1]]
        for task in self._tasks:
            task.process.terminate()
        for task in self._tasks:
            task.process.join()
        return at or ["the beginning"]

    def _next(self) -> list[Cell]:
        """Cells for a process: one, or several quick ones; none if all wait for others."""
        busy = {cell.file for task in self._tasks for cell in task.cells}
        missing = busy | {cell.file for cell in self._waiting}
        ready = [c for c in self._waiting if not missing & {needed.file for needed in c.needs}]
        if not ready:
            return []
        quick = [cell for cell in ready if cell.quick]
        count = min(_SHARED, -(-len(quick) // self._jobs))
        some = quick[:count] if ready[0].quick else ready[:1]
        self._waiting = [cell for cell in self._waiting if cell not in some]
        return some

    def _start(self, cells: list[Cell]) -> None:
        for cell in cells:
            self._store.forget_failure(cell)
        process = self._context.Process(target=work_on, args=(cells, self._store, self._threads))
        process.start()
        self._tasks.append(_Task(process, cells))
        for cell in cells:
            self._progress.started(cell.shown)

    def _look(self, task: _Task, *, ended: bool) -> None:
        """Tell the display of cells that are finished, and how far the others are."""
        for cell in list(task.cells):
            record = self._store.found(cell)
            if record is not None and (ended or not record.failure):
                task.cells.remove(cell)
                self._progress.finished(cell.shown, record)
        if task.cells:
            self._progress.part(task.cells[0].shown, self._fraction(task.cells[0]))

    def _fraction(self, cell: Cell) -> float:
        path = self._store.work_of(cell) / "spent.json"
        try:
            return float(json.loads(path.read_text(encoding="utf-8")).get("fraction", 0.0))
        except (OSError, ValueError):
            return 0.0

    def _ended(self, task: _Task) -> None:
        """Record why a process ended before its cells were made; the others are made again."""
        code = task.process.exitcode
        if code in (-signal.SIGTERM, INTERRUPTED):
            self._tasks.append(task)  # its name is in the message
            raise KeyboardInterrupt
        if not task.cells:
            return
        first, *others = task.cells
        why = f"its process ended with signal {-code}" if code < 0 else f"exit code {code}"
        if code == -_KILLED:
            why += " (out of memory?)"
        self._store.fail(first, why)
        failed = self._store.failure(first)
        assert failed is not None, "the failure was recorded"
        self._progress.finished(first.shown, failed)
        self._waiting += others


def _processes(*, trains: bool) -> Any:
    """How processes are made: on Linux forked from one that has imported everything, once."""
    if sys.platform != "linux":
        return multiprocessing.get_context("spawn")
    if trains:
        from multiprocessing import forkserver

        server = getattr(forkserver, "_forkserver", None)
        if getattr(server, "_preload_modules", None) == ["__main__"]:  # nobody chose others
            multiprocessing.set_forkserver_preload(["nearfar.studies._trained_cell"])
    return multiprocessing.get_context("forkserver")
