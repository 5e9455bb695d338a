"""Made-up records and cells, so that claims and machinery are tested without data."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from nearfar.records import Column, Provenance, StudyRecord, StudyRow
from nearfar.studies import Study
from nearfar.studies._study import given_by

HERE = Provenance("0", "2", "3", "cpu", 1, "", "2026-01-01T00:00:00Z")


def record(
    rows: Sequence[StudyRow], columns: Sequence[Column] = (Column("linear", "", "percent"),)
) -> StudyRecord:
    return StudyRecord(
        study="x",
        name="x-minutes",
        title="X",
        claim="Is it?",
        setting={},
        config={},
        command="nearfar study x",
        columns=tuple(columns),
        rows=tuple(rows),
        provenance=HERE,
    )


def row(name: str, *values: float, column: str = "linear", **more: Any) -> StudyRow:
    return StudyRow(name, values={column: values}, seeds=len(values), **more)


def record_of(
    study: Study[Any], config: Any, values: Mapping[str, Mapping[str, Sequence[float]]]
) -> StudyRecord:
    """A record of a study whose rows have these values; other rows have none."""
    rows = [
        StudyRow(
            planned.name,
            values={key: tuple(some) for key, some in values.get(planned.name, {}).items()},
            seeds=len(planned.cells),
            baseline=planned.baseline,
            group=planned.group,
        )
        for planned in study.rows(config)
    ]
    found = record(rows, given_by(study.columns, config))
    return replace(found, study=study.name)


# functions of cells, which other processes import


def double(x: float, seed: int = 0) -> float:
    return 2 * x + seed


def counted(folder: str, name: str, fails: int = 0) -> dict[str, Any]:
    """Notes each call in a file; fails on the first `fails` calls."""
    path = Path(folder) / f"{name}.calls"
    with path.open("a", encoding="utf-8") as file:
        file.write("x\n")
    if len(path.read_text(encoding="utf-8").splitlines()) <= fails:
        raise ValueError(f"{name} fails\nthis time")
    return {"calls": 1.0, "state": "fine", "curve": [{"x": 1, "y": 2.0}]}


def killed(folder: str, times: int) -> float:
    """Kills its own process on the first `times` calls."""
    path = Path(folder) / "killed"
    calls = int(path.read_text()) if path.exists() else 0
    path.write_text(str(calls + 1))
    if calls < times:
        os.kill(os.getpid(), signal.SIGKILL)
    return 1.0


def slow(seconds: float) -> float:
    time.sleep(seconds)
    return 1.0


def listed() -> list[int]:
    return [1, 2]


def width(embeddings: Any, times: float = 1.0) -> float:
    """A measure: the width of the representations."""
    return times * embeddings.tests.shape[1]


def spread(embeddings: Any) -> dict[str, float]:
    """A measure of augmented projections."""
    views = embeddings.augmented(views=3, samples=8)
    return {"views": float(views.shape[0]), "distance": float((views[0] - views[1]).norm())}


def head(embeddings: Any) -> float:
    """A measure: the size of the projector's weights."""
    return float(sum(p.double().square().sum() for p in embeddings.method.projector.parameters()))
