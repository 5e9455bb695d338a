"""The record of a study, made of the records of its cells."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from nearfar._signs import counted
from nearfar.records import CellRecord, Column, Provenance, StudyRecord, StudyRow
from nearfar.studies._cell import plain
from nearfar.studies._cell_store import CellStore
from nearfar.studies._claim import judge
from nearfar.studies._study import Row, Study, given_by

__all__ = ["record_of_study"]

_EARLY = "_early"


def record_of_study(
    study: Study[Any], config: Any, budget: str, rows: Sequence[Row], store: CellStore
) -> StudyRecord:
    """The table, the figure and the claims of a study, from the cells that are there.

    Args:
        study: The study.
        config: Its configuration.
        budget: The budget that the configuration is of.
        rows: The study's rows for the configuration.
        store: Where the cells' records are.
    """
    columns = tuple(given_by(study.columns, config))
    found = {row.name: [store.found(cell) for cell in row.cells] for row in rows}
    done = {
        name: [record for record in records if record is not None and not record.failure]
        for name, records in found.items()
    }
    table = [_row(row, found[row.name], columns) for row in rows]
    shown = [c for c in columns if any({**row.values, **row.words}.get(c.key) for row in table)]
    unique = {(r.fingerprint, r.seed): r for records in done.values() for r in records}
    cells = list(unique.values())
    record = StudyRecord(
        study=study.name,
        name=_name(study, config, budget),
        title=given_by(study.title, config),
        claim=study.question,
        setting=_setting(study, config),
        config=plain(asdict(config)),
        command=_command(study, config, budget),
        columns=tuple(shown) or columns,
        rows=tuple(table),
        notes=(*given_by(study.notes, config), *_notes(done, cells)),
        provenance=Provenance.here(),
        ids=study.ids,
        source=study.source,
        budget=budget,
        changes=study.budgets[budget].changes,
        cpu_seconds=sum(cell.values.get("cpu_seconds", 0.0) for cell in cells),
        cells=len(cells),
        figure=study.figure.draw(table, done) if study.figure else None,
    )
    return replace(record, claims=judge(given_by(study.claims, config), record))


def _row(row: Row, records: Sequence[CellRecord | None], columns: Sequence[Column]) -> StudyRow:
    done = [record for record in records if record is not None and not record.failure]
    failed = [record for record in records if record is not None and record.failure]
    keys = dict.fromkeys(column.key for column in columns)
    keys |= dict.fromkeys(key for record in done for key in (*record.values, *record.words))
    values: dict[str, tuple[float, ...]] = {}
    words: dict[str, tuple[str, ...]] = {}
    for key in keys:
        if key in row.values:
            values[key] = tuple(float(row.values[key]) for _ in done)
        else:
            known = [_value(record, key) for record in done]
            values[key] = tuple(value for value in known if value is not None)
        if row.words.get(key):
            words[key] = (row.words[key],)
        else:
            words[key] = tuple(record.words[key] for record in done if key in record.words)
    return StudyRow(
        name=row.name,
        values={key: some for key, some in values.items() if some},
        words={key: some for key, some in words.items() if some},
        seeds=len(records),
        baseline=row.baseline,
        failures=tuple(f"seed {record.seed}: {record.failure}" for record in failed),
        group=row.group,
        seed_numbers=tuple(record.seed for record in done),
    )


def _value(record: CellRecord, key: str) -> float | None:
    """A value; of ``NAME_early`` that of the first checkpoint after the initial weights."""
    if key in record.values or not key.endswith(_EARLY):
        return record.values.get(key)
    trained = [reading for reading in record.readings if reading.get("step")]
    found = trained[0].get(key.removesuffix(_EARLY)) if trained else None
    return None if found is None else float(found)


def _name(study: Study[Any], config: Any, budget: str) -> str:
    """Name of the files: the study, the budget and other data than the budget's."""
    data = study.changed(config, budget).get("data")
    other = Path(data).name if isinstance(data, str) else ""
    return "-".join(filter(None, [study.name, budget, other]))


def _setting(study: Study[Any], config: Any) -> dict[str, str]:
    if study.setting is not None:
        return dict(study.setting(config))
    return {name.replace("_", " "): _text(value) for name, value in plain(asdict(config)).items()}


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    return f"{value:,}" if isinstance(value, int) and not isinstance(value, bool) else str(value)


def _notes(
    done: Mapping[str, Sequence[CellRecord]], cells: Sequence[CellRecord]
) -> tuple[str, ...]:
    """The notes of the cells, the precisions, and which versions computed them."""
    by_note: dict[str, list[str]] = {}
    for name, records in done.items():
        for note in dict.fromkeys(note for record in records for note in record.notes):
            by_note.setdefault(note, []).append(name)
    trained = [name for name, records in done.items() if any(r.precision for r in records)]
    notes = [
        note if names == trained else f"{', '.join(names)}: {note}"
        for note, names in by_note.items()
    ]
    precisions = sorted({record.precision for record in cells if record.precision})
    if precisions:
        notes.append(f"computed in {', '.join(precisions)}")
    made = {f"{r.provenance.nearfar} ({r.provenance.commit})".replace(" ()", "") for r in cells}
    dates = sorted(record.provenance.date[:10] for record in cells)
    if dates:
        between = dates[0] if dates[0] == dates[-1] else f"{dates[0]} to {dates[-1]}"
        notes.append(
            f"{counted(len(cells), 'cell')} computed by nearfar {', '.join(sorted(made))},"
            f" {between}"
        )
    raised = {
        f"{part} {version}"
        for record in cells
        for part, version in record.cell.get("parts", {}).items()
        if version != 1
    }
    if raised:
        notes.append(f"versions of parts above 1: {', '.join(sorted(raised))}")
    return tuple(notes)


def _command(study: Study[Any], config: Any, budget: str) -> str:
    """The command that reproduces the study."""
    words = ["nearfar", "study", study.name, "--budget", budget]
    for name, value in study.changed(config, budget).items():
        text = ",".join(map(str, value)) if isinstance(value, (tuple, list)) else str(value)
        words += [f"--{name.replace('_', '-')}", text]
    return shlex.join(words)
