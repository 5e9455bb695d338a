"""Computation of cells, one after the other, each in a process of its own."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from nearfar.records import CellRecord
from nearfar.studies._cell import Cell, fill

__all__ = ["Progress", "fill_all", "silent"]

_KILLED = 9  # SIGKILL, which the signal module of Windows does not define
Progress = Callable[[str], None]
"""A function that receives lines about a study's progress."""


def silent(line: str) -> None:
    """Ignore the line."""


def fill_all(cells: Sequence[Cell], cache: Path, *, progress: Progress = silent) -> None:
    """Train and measure all unfinished cells.

    A failure is recorded and the other cells continue; failed cells are retried on the next call.

    Raises:
        KeyboardInterrupt: Ctrl-C; the cell in training has saved its run.
    """
    waiting = [cell for cell in cells if not _done(cell.read(cache))]
    if len(waiting) < len(cells):
        progress(f"{len(cells) - len(waiting)} of {len(cells)} cells have already finished")
    for place, cell in enumerate(waiting, 1):
        name = f"{place}/{len(waiting)} {cell.method} seed {cell.seed}"
        progress(f"{name} …")
        _fill_apart(cell, cache)
        record = cell.read(cache)
        assert record is not None, "a cell that was filled has a record"
        progress(f"{name} {_summary(record)}")


def _done(record: CellRecord | None) -> bool:
    return record is not None and not record.failure


def _summary(record: CellRecord) -> str:
    if record.failure:
        return f"failed: {record.failure}"
    shown = [f"{name} {100 * record.values[name]:.1f} %" for name in ("knn", "linear")]
    if record.verdict:
        shown += [record.verdict, f"{record.values['seconds']:,.0f} s"]
    return ", ".join(shown)


def _fill_apart(cell: Cell, cache: Path) -> None:
    """Compute a cell in a new process, so that memory and CPU time are those of this cell."""
    process = multiprocessing.get_context("spawn").Process(target=_fill, args=(cell, cache))
    process.start()
    try:
        process.join()
    except KeyboardInterrupt:
        process.terminate()  # it saves its run first; Ctrl-C may have reached it as well
        process.join()
        raise KeyboardInterrupt(
            f"stopped at {cell.method} seed {cell.seed}; the same command resumes the study"
        ) from None
    code = process.exitcode
    if code in (-signal.SIGTERM, 130):
        raise KeyboardInterrupt(
            f"stopped at {cell.method} seed {cell.seed}; the same command resumes the study"
        )
    if code:
        why = f"its process ended with signal {-code}" if code < 0 else f"exit code {code}"
        if code == -_KILLED:
            why += " (out of memory?)"
        cell.failed(why).save(cell.path(cache) / "cell.json")


def _fill(cell: Cell, cache: Path) -> None:
    try:
        fill(cell, cache)
    except KeyboardInterrupt:
        sys.exit(130)
