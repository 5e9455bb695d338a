"""Running studies: their cells, then their records."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from nearfar._plain_checks import check_integer
from nearfar._platform import usable_cores
from nearfar._suggestions import check_choice
from nearfar.records import StudyRecord
from nearfar.studies._cell import Cell
from nearfar.studies._cell_schedule import fill_cells, with_needs
from nearfar.studies._cell_store import CellStore
from nearfar.studies._study import Row, Study
from nearfar.studies._study_progress import StudyProgress
from nearfar.studies._study_tables import record_of_study
from nearfar.studies._train_cell import TrainCell

__all__ = ["Part", "default_jobs", "part_of", "run_studies", "run_study"]


class Part(NamedTuple):
    """A part of the cells: number `number` of `parts`."""

    number: int
    parts: int


def part_of(text: str) -> Part:
    """A part from text: ``2/8``.

    Raises:
        ValueError: Another text.

    >>> part_of("2/8")
    Part(number=2, parts=8)
    """
    number, _, parts = text.partition("/")
    if number.isdecimal() and parts.isdecimal() and 1 <= int(number) <= int(parts):
        return Part(int(number), int(parts))
    raise ValueError(f"`part` must be I/N with I from 1 to N, such as 2/8, got {text!r}")


def run_study(
    study: Study[Any],
    *,
    budget: str | None = None,
    config: Any = None,
    cache: Path = Path("runs/studies"),
    jobs: int = 0,
    threads: int | None = None,
    only: Sequence[str] = (),
    part: Part | None = None,
    progress: Callable[[str], None] | StudyProgress | None = None,
) -> StudyRecord:
    """Make the cells of a study that are not in the cache; the record of all cells.

    Args:
        study: The study.
        budget: Name of the budget; the usual one by default.
        config: Configuration; that of the budget by default.
        cache: Folder of the cells, which several studies, processes and computers may share.
        jobs: Number of cells at a time; 0 for as many as there are cores, with one thread each.
        threads: CPU threads of each cell; 1 with several jobs, else PyTorch's default.
        only: Names of the rows to make in this call, in addition to the baselines; all by default.
            The record has all that are in the cache.
        part: Part of the cells to make in this call.
        progress: Receives lines about the progress; by default it is shown on standard error.

    Raises:
        ValueError: A budget that the study does not have.
        KeyboardInterrupt: Ctrl-C; the cells in training have saved their runs.

    Example:
        >>> import tempfile
        >>> from nearfar.studies import find_study
        >>> cache = Path(tempfile.mkdtemp())
        >>> how = {"budget": "smoke", "cache": cache, "only": ["BYOL"], "progress": str}
        >>> run_study(find_study("chance"), **how).row("BYOL").values["formula"]
        (0.0,)
    """
    budget = budget or study.usual
    config = study.config(budget) if config is None else config
    (record,) = run_studies(
        [(study, budget, config)],
        cache=cache,
        jobs=jobs,
        threads=threads,
        only=only,
        part=part,
        progress=progress,
    )
    return record


def run_studies(
    studies: Sequence[tuple[Study[Any], str, Any]],
    *,
    cache: Path,
    jobs: int = 0,
    threads: int | None = None,
    only: Sequence[str] = (),
    part: Part | None = None,
    progress: Callable[[str], None] | StudyProgress | None = None,
) -> list[StudyRecord]:
    """Make the cells of several studies, each once; the records of the studies.

    Args:
        studies: Each study with the name of its budget and its configuration.
        cache: Folder of the cells.
        jobs: Number of cells at a time, as of :func:`run_study`.
        threads: CPU threads of each cell.
        only: Names of the rows to make, in addition to the baselines.
        part: Part of the cells to make.
        progress: Receives lines about the progress.
    """
    check_integer(at_least=0, jobs=jobs)
    if not isinstance(progress, StudyProgress):
        progress = StudyProgress(progress)
    tables = [list(study.rows(config)) for study, _, config in studies]
    for (study, _, _), rows in zip(studies, tables, strict=True):
        _check_rows(study, rows)
    cells = _by_seed([row for rows in tables for row in _chosen(rows, only)])
    if part is not None:
        cells = cells[part.number - 1 :: part.parts]
    many = jobs or default_jobs(cells)
    store = CellStore(cache)
    fill_cells(
        cells,
        store,
        jobs=many,
        threads=1 if threads is None and many > 1 else threads,
        progress=progress,
    )
    return [
        record_of_study(study, config, budget, rows, store)
        for (study, budget, config), rows in zip(studies, tables, strict=True)
    ]


def default_jobs(cells: Sequence[Cell]) -> int:
    """Number of cells at a time: one per core on a CPU, one if a GPU trains."""
    if all(cell.quick for cell in cells):
        return usable_cores()
    import torch

    return 1 if torch.cuda.is_available() else usable_cores()


def _by_seed(rows: Sequence[Row]) -> list[Cell]:
    """All cells, each once, by seed: an interrupted study has a value for every row."""
    places = [(place, cell) for row in rows for place, cell in enumerate(row.cells)]
    places.sort(key=lambda pair: pair[0])  # stable: rows stay in their order
    return with_needs([cell for _, cell in places])


def _chosen(rows: Sequence[Row], only: Sequence[str]) -> list[Row]:
    """The rows to make: all, or those named and the raw and untrained baselines."""
    if not only:
        return list(rows)
    for name in only:
        check_choice([row.name for row in rows], only=name)
    return [row for row in rows if row.name in only or (row.baseline and not _trains(row))]


def _trains(row: Row) -> bool:
    return any(isinstance(cell, TrainCell) and cell.trains for cell in row.cells)


def _check_rows(study: Study[Any], rows: Sequence[Row]) -> None:
    names = [row.name for row in rows]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ValueError(f"`rows` of the study {study.name} must have different names: {twice[0]}")
    empty = [row.name for row in rows if not row.cells]
    if empty:
        raise ValueError(f"`rows` of the study {study.name} must have cells: {empty[0]} has none")
