"""Making a cell that trains: its description, its run, its measurements."""

from __future__ import annotations

import functools
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from nearfar._own_code import code_hash
from nearfar._plugins import load_reference, refers_to_code
from nearfar.api._method_listing import canonical_name, find_preset, method_class, preset_options
from nearfar.records import CellRecord, Provenance
from nearfar.studies._cell import plain
from nearfar.studies._cell_baselines import baseline_embeddings
from nearfar.studies._cell_run import CellRun, open_run
from nearfar.studies._cell_samples import Samples
from nearfar.studies._embeddings_of_run import Embeddings
from nearfar.studies._measured_values import measured_values
from nearfar.studies._study_data import StudyData
from nearfar.studies._test_samples import RIGHT
from nearfar.studies._training_settings import BASELINES, TrainingSettings
from nearfar.training._devices import computes_in_bfloat16

__all__ = ["described", "make_trained"]


def described(cell: TrainingSettings) -> dict[str, Any]:
    """What a cell's description needs of data, method and machine."""
    fingerprint, kind, default = _known(json.dumps(plain(vars(cell.data)), sort_keys=True))
    encoder = default if cell.encoder == "auto" else cell.encoder
    options: dict[str, Any] = dict(cell.method_options)
    code: list[Any] = []
    if cell.method not in BASELINES:
        options = preset_options(canonical_name(cell.method)) | options
        code += [find_preset(cell.method), method_class(cell.method)]
    if refers_to_code(encoder, argument="encoder"):
        code.append(load_reference(encoder, argument="encoder"))
    own = code_hash(*code) if code else ""
    return {
        "fingerprint": fingerprint,
        "modality": kind,
        "encoder": encoder,
        "method_options": options,
        "precision": _precision(cell.training.get("precision", "auto")),
        "code": {"code": own} if own else {},
    }


@functools.cache
def _known(data: str) -> tuple[str, str, str]:
    """Fingerprint, modality and default encoder of data."""
    samples = Samples.open(StudyData(**json.loads(data)))
    return samples.fingerprint, samples.kind.name, samples.kind.encoder


def _precision(asked: str) -> str:
    """The precision that a run on this machine computes in."""
    if asked != "auto":
        return asked
    return "bf16" if computes_in_bfloat16() else "32"


def make_trained(cell: TrainingSettings, work: Path, known: CellRecord | None) -> CellRecord:
    """Train, resume or load the run of a cell, and measure what its record lacks.

    Raises:
        ValueError: The data changed since the cell was described.
    """
    samples = Samples.open(cell.data)
    if samples.fingerprint != cell.description["data"]["fingerprint"]:
        raise ValueError(f"`data` changed during the study: {samples.train.describe()}")
    if not cell.trains:
        embeddings, encoder = baseline_embeddings(cell, samples)
        found = _measured(cell, embeddings, known)
        return _joined(cell, _bare(cell, encoder), known, found)
    run = open_run(cell, samples, work)
    readings = [
        {"step": at.step, "epoch": at.epoch}
        | _reading(_measured(cell, at.embeddings, known, ended=False))
        for at in run.checkpoints(cell.checkpoints)
    ]
    found = _measured(cell, run.embeddings(again=known is not None), known)
    if readings:
        readings.append({"step": run.record.steps, "epoch": run.epochs} | _reading(found))
    made = _joined(cell, _of_run(cell, run), known, found)
    return replace(made, readings=_merged(made.readings, readings))


def _measured(
    cell: TrainingSettings,
    embeddings: Embeddings,
    known: CellRecord | None,
    *,
    ended: bool = True,
) -> tuple[dict[str, Any], dict[str, str]]:
    """Numbers and texts of the measures that the record lacks."""
    values: dict[str, Any] = {}
    words: dict[str, str] = {}
    for measure in cell.quantities:
        seen = known is not None and cell.labels_of(measure) <= set(known.measured)
        if seen or (measure.at_end and not ended):
            continue
        numbers, texts = measured_values(measure, embeddings)
        taken = sorted((values.keys() | words.keys()) & (numbers.keys() | texts.keys()))
        if taken:
            raise ValueError(f"`measures` must have different names, got {taken[0]!r} twice")
        values |= numbers
        words |= texts
    return values, words


def _reading(found: tuple[dict[str, Any], dict[str, str]]) -> dict[str, Any]:
    """Numbers and texts of a checkpoint, without which test samples are right."""
    values, words = found
    return values | {name: text for name, text in words.items() if not name.endswith(RIGHT)}


def _joined(
    cell: TrainingSettings,
    made: CellRecord,
    known: CellRecord | None,
    found: tuple[dict[str, Any], dict[str, str]],
) -> CellRecord:
    """The record with what was measured now and before."""
    values, words = found
    if known is not None:
        made = replace(made, values=known.values | made.values, words=known.words)
        made = replace(made, readings=known.readings)
    measured = (*(known.measured if known else ()), *cell.measured)
    return replace(
        made,
        values=made.values | values,
        words=made.words | words,
        verdict=words.get("verdict", known.verdict if known else "") if cell.trains else "",
        measured=tuple(dict.fromkeys(measured)),
    )


def _merged(
    before: tuple[dict[str, Any], ...], now: list[dict[str, Any]]
) -> tuple[dict[str, Any], ...]:
    """Readings by step, of several measurements of the same checkpoints."""
    by_step: dict[int, dict[str, Any]] = {}
    for reading in (*before, *now):
        by_step.setdefault(int(reading["step"]), {}).update(reading)
    return tuple(by_step[step] for step in sorted(by_step))


def _bare(cell: TrainingSettings, encoder: str) -> CellRecord:
    return CellRecord(
        method=cell.method,
        seed=cell.seed,
        fingerprint=cell.key,
        provenance=Provenance.here(device="cuda" if torch.cuda.is_available() else "cpu"),
        encoder=encoder,
        cell=cell.description,
    )


def _of_run(cell: TrainingSettings, run: CellRun) -> CellRecord:
    record = run.record
    return CellRecord(
        method=cell.method,
        seed=cell.seed,
        fingerprint=cell.key,
        provenance=record.provenance,
        values={"seconds": record.seconds, **run.spent},
        encoder=record.encoder,
        precision=record.precision,
        notes=tuple(dict.fromkeys((*record.notes, *run.notes))),
        cell=cell.description,
    )
