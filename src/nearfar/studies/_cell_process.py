"""The process that makes cells."""

from __future__ import annotations

import multiprocessing
import sys
import threading
from collections.abc import Sequence

from nearfar._platform import ask_to_stop
from nearfar.studies._cell import Cell
from nearfar.studies._cell_store import CellStore, lock_of

__all__ = ["INTERRUPTED", "make_cell", "work_on"]

INTERRUPTED = 130
"""Exit code of a process that was stopped and has saved its run."""


def work_on(cells: Sequence[Cell], store: CellStore, threads: int | None) -> None:
    """Make cells, one after the other; the whole work of a process.

    If the parent process dies, this process saves its run and ends as well.

    Args:
        cells: The cells.
        store: Where their records go.
        threads: Number of CPU threads; PyTorch's default if None.
    """
    _end_with_parent()
    try:
        if threads is not None:
            import torch

            torch.set_num_threads(threads)
        for cell in cells:
            make_cell(cell, store)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def make_cell(cell: Cell, store: CellStore) -> None:
    """Make one cell and write its record, or that of its failure.

    If another process makes it, wait for it.
    """
    work = store.work_of(cell)
    with lock_of(work):
        if store.read(cell) is not None:
            return
        try:
            record = cell.make(work, store.known(cell))
        except Exception as error:
            words = " ".join(str(error).split()) or "no message"
            store.fail(cell, f"{type(error).__name__}: {words}")
        else:
            store.write(cell, record)


def _end_with_parent() -> None:
    """End when the parent process ends; as with Ctrl-C, a run in training is saved first."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        ask_to_stop()

    threading.Thread(target=watch, daemon=True).start()
