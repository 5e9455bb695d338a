"""Calibration of the verdict: what it says about runs that are known to be sound or broken.

A run is sound if both a kNN and a linear probe are better than with the untrained encoder, and
broken if neither is. The verdict uses no labels. Here it is compared with these probes over all
methods with two views, with settings as usual, varied, and broken on purpose.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nearfar import studies
from nearfar.records import Column
from nearfar.studies._cell_store import CellStore
from nearfar.studies._health_effects import UNTRAINED_ROW, AlarmShare
from nearfar.studies._health_runs import CONDITIONS, PlannedRun, planned
from nearfar.studies._health_sources import SOURCES

__all__ = ["STUDY", "Config"]


@dataclass(frozen=True, kw_only=True)
class Config:
    """Sources and conditions of the runs.

    Args:
        sources: Names of the sources; all if not given.
        conditions: Names of the conditions; all if not given.
        length: Number of epochs, as a multiple of the usual.
        checkpoints: Number of measured checkpoints of each run.
        seed: Seed of the methods that are drawn for the conditions.
    """

    sources: tuple[str, ...] | None = None
    conditions: tuple[str, ...] | None = None
    length: float = 1.0
    checkpoints: int = 2
    seed: int = 0


def runs(config: Config) -> list[PlannedRun]:
    """The runs, in an order of which every part has all sources and both sorts of conditions."""
    sources = [s for s in SOURCES if config.sources is None or s.name in config.sources]
    chosen = [c for c in CONDITIONS if config.conditions is None or c.name in config.conditions]
    return planned(sources, chosen, seed=config.seed, length=config.length)


def rows(config: Config) -> list[studies.Row]:
    """Raw features and untrained encoder of each source and seed, and each run."""
    wanted = runs(config)
    found: dict[str, studies.Row] = {}
    for run in wanted:
        for baseline in ("raw", "untrained"):
            cell = run.baseline(baseline)
            name = UNTRAINED_ROW.format(source=run.source.name, seed=cell.seed)
            name = name.replace("untrained", baseline)
            found.setdefault(name, studies.Row(name, [cell], baseline=True))
    for run in wanted:
        cells = [run.cell(checkpoints=config.checkpoints)]
        found[run.name] = studies.Row(run.name, cells, group=run.source.kind)
    return list(found.values())


def pages(config: Config, cache: Path, folder: Path) -> list[Path]:
    """The runs with their outcomes and, if there are enough, the page of the calibration.

    Args:
        config: The configuration.
        cache: Folder of the cells.
        folder: Folder of the pages.
    """
    from nearfar.studies._health_outcomes import calibration_runs
    from nearfar.studies._health_page import write_health_pages

    store, checkpoints = CellStore(cache), config.checkpoints
    return write_health_pages(
        calibration_runs(runs(config), store, checkpoints=checkpoints), folder
    )


STUDY = studies.Study(
    name="health",
    ids=("H1",),
    source="no published calibration",
    question="Does the label-free verdict distinguish sound runs from broken ones?",
    title="Calibration of the verdict",
    budgets={
        "smoke": studies.Budget(
            config=Config(
                sources=("ag-news",),
                conditions=("few updates", "rate 0"),
                length=0.1,
                checkpoints=1,
            ),
            changes=("one source, two conditions",),
        ),
        "minutes": studies.Budget(
            config=Config(conditions=("usual", "views that keep nothing", "no predictor")),
            changes=("settings as usual, and two sorts of breakage",),
            cpu_minutes=15,
        ),
        "hours": studies.Budget(
            config=Config(),
            changes=("small encoders, 400 to 1,500 samples, 50 to 180 updates",),
            cpu_minutes=60,
        ),
    },
    rows=rows,
    columns=(
        *studies.PROBE_COLUMNS,
        Column("verdict", "verdict", "words", "label-free verdict"),
    ),
    claims=(
        studies.Claim(
            "at least 90 % of the broken runs have an alarm", AlarmShare("broken", 90), least=0
        ),
        studies.Claim(
            "at most 5 % of the sound runs have an alarm",
            AlarmShare("sound", 5, below=True),
            least=0,
        ),
    ),
    pages=pages,
)
