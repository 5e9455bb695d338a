"""Comparison of all image methods with the same encoder and budget, and with baselines.

Claim: with its defaults, each method's representation beats that of the untrained encoder by more
than the spread over seeds, and none collapses.

Published comparisons report each method at its own best setting, often for a single seed. Here all
methods have the same encoder, images, number of epochs, batch size and optimiser. Heads and views
are the presets' defaults.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Literal

from nearfar._deprecation import renamed_arguments, renamed_members
from nearfar.api._method_listing import served
from nearfar.checks import check_choice, check_integer
from nearfar.records import CellRecord, Column, Provenance, StudyRecord, StudyRow
from nearfar.studies._baselines import BASELINES, RAW, SUPERVISED, UNTRAINED
from nearfar.studies._cell import Cell
from nearfar.studies._cells import Progress, fill_all, silent
from nearfar.studies._claim import judge
from nearfar.studies._method_rows import EXPLAINING, check_row, image_methods
from nearfar.studies._methods_claims import claims_of
from nearfar.studies._published_accuracies import PUBLISHED, SOURCES
from nearfar.studies._study_samples import Samples

__all__ = ["BUDGETS", "CLAIMS", "SMOKE", "Config", "image_methods", "run"]

NAME = "methods"


@renamed_members(labelled="labeled")
@dataclass(frozen=True, kw_only=True)
class Config:
    """Methods to compare, and the budget.

    Args:
        data: Labelled images: a name (see `nearfar data`), a folder or a file.
        budget: ``cpu``: the small ConvNet, AdamW, 1 epoch, 10,000 labels. ``gpu``: ResNet-18 with
            the small stem, SGD, 200 epochs, all labels.
        methods: Rows of the table, separated by commas: presets, methods of installed packages or
            of your own (package.module:name, file.py:name) and `supervised`; all presets if not
            given.
        only: Methods to train in this call, separated by commas; the table shows all finished
            cells in the cache.
        seeds: Number of seeds per method: 0, 1, ...
        epochs: Number of epochs; that of the budget if not given.
        batch_size: Samples per batch; that of the budget if not given.
        labeled: Number of labelled images for training the probes, taken from the start of the
            training images; that of the budget if not given.
        encoder: Name of the encoder; that of the budget if not given.
        samples: Number of training images, a random subset; all if not given.
        threads: CPU threads per cell; PyTorch's default if not given.
    """

    data: str = "cifar10"
    budget: Literal["cpu", "gpu"] = "cpu"
    methods: tuple[str, ...] | None = None
    only: tuple[str, ...] | None = None
    seeds: int = 3
    epochs: int | None = None
    batch_size: int | None = None
    labeled: int | None = None
    encoder: str | None = None
    samples: int | None = None
    threads: int | None = None

    def __post_init__(self) -> None:
        check_choice(BUDGETS, budget=self.budget)
        check_integer(at_least=1, seeds=self.seeds)
        for name in ("epochs", "batch_size", "labeled", "samples", "threads"):
            value = getattr(self, name)
            if value is not None:
                check_integer(at_least=1, **{name: value})
        for name in ("methods", "only"):
            words = [w for text in getattr(self, name) or () for w in text.split(",") if w]
            for word in words:
                check_row(word, argument=name)
            object.__setattr__(self, name, tuple(dict.fromkeys(words)) or None)


@dataclass(frozen=True)
class Budget:
    """Settings of a budget."""

    encoder: str
    epochs: int
    batch_size: int
    labeled: int | None
    training: dict[str, Any]


BUDGETS = {
    "cpu": Budget("convnet", 1, 128, 10_000, {}),
    # the published small-image recipe: learning rate 0.06 for a batch of 128, weight decay 0.0005
    "gpu": Budget(
        "resnet18",
        200,
        512,
        None,
        {"optimizer": "sgd", "learning_rate": 0.24, "weight_decay": 5e-4},
    ),
}
SMOKE = Config(
    data="digits", methods=("simclr", "byol"), seeds=1, epochs=1, batch_size=64, samples=256
)
COLUMNS = (
    Column("knn", "kNN", "percent", "test accuracy of 20 nearest neighbours"),
    Column("linear", "linear", "percent", "test accuracy of a linear probe"),
    Column("mean_classifier", "mean", "percent", "test accuracy of the mean classifier"),
    Column("alignment", "align", "number", "mean squared distance of two views on the sphere"),
    Column("uniformity", "uniform", "number", "log mean Gaussian potential, lower is better"),
    Column("m_o", "m_o", "number", "length of the mean unit projection"),
    Column("m_r", "m_r", "number", "mean length of the residuals"),
    Column("effective_rank", "rank", "number", "effective rank of the projections"),
    Column("verdict", "verdict", "words", "label-free verdict of each seed"),
    Column("seconds", "seconds", "seconds", "wall-clock time of training"),
    Column("cpu_seconds", "CPU s", "seconds", "CPU time of training, summed over cores"),
    Column(
        "peak_memory", "memory", "bytes", "peak memory of the GPU if there is one, else the process"
    ),
)


# baselines, without a claim of their own
_COMPARED = (*BASELINES, "autoencoder")
_CLAIMED = tuple(name for name in image_methods() if name not in _COMPARED)
CLAIMS = claims_of(_CLAIMED)


@renamed_arguments(tell="progress")
def run(config: Config, *, cache: Path, progress: Progress = silent) -> StudyRecord:
    """Train the cells that are not in the cache, and build the table of all cells.

    Args:
        config: Methods to compare, and the budget.
        cache: Directory of the cells; several processes may share it.
        progress: Receives lines about the progress.
    """
    samples = Samples.open(config.data, samples=config.samples, labeled=_labeled(config))
    known = (name for name in image_methods() if name not in EXPLAINING)
    rows = config.methods or (*known, SUPERVISED)
    cells = _cells(config, (RAW, UNTRAINED, *rows), fingerprint=samples.fingerprint)
    cache = cache / NAME / Path(config.data).name
    wanted = config.only and (RAW, UNTRAINED, *config.only)
    chosen = [cell for cell in cells if not wanted or cell.method in wanted]
    fill_all(chosen, cache, progress=progress)
    return _record(config, cells, [cell.read(cache) for cell in cells], samples)


def _labeled(config: Config) -> int | None:
    return config.labeled or BUDGETS[config.budget].labeled


def _cells(config: Config, methods: Sequence[str], *, fingerprint: str) -> list[Cell]:
    """All cells, ordered by seed so that an interrupted study has a value for every method."""
    budget = BUDGETS[config.budget]
    batch = config.batch_size or budget.batch_size
    training = {
        "epochs": config.epochs or budget.epochs,
        "batch_size": batch,
        "devices": 1,
        **budget.training,
    }
    if "learning_rate" in training:
        training["learning_rate"] *= batch / budget.batch_size
    return [
        Cell(
            method=method,
            seed=seed,
            data=config.data,
            fingerprint=fingerprint,
            samples=config.samples,
            labeled=_labeled(config),
            encoder=config.encoder or budget.encoder,
            training=training,
            threads=config.threads,
        )
        for seed in range(config.seeds)
        for method in dict.fromkeys(methods)
        if seed == 0 or method != RAW
    ]


def _record(
    config: Config,
    cells: Sequence[Cell],
    found: Sequence[CellRecord | None],
    samples: Samples,
) -> StudyRecord:
    by_method: dict[str, list[CellRecord | None]] = {}
    for cell, record in zip(cells, found, strict=True):
        by_method.setdefault(cell.method, []).append(record)
    published = config.budget == "gpu" and config.data == "cifar10"
    columns = (*COLUMNS, Column("published", "published", "words", "see the notes"))
    rows = [_row(name, records) for name, records in by_method.items()]
    if published:
        rows = [
            replace(row, words=row.words | {"published": (PUBLISHED[row.name],)})
            if row.name in PUBLISHED
            else row
            for row in rows
        ]
    done = [record for record in found if record is not None and not record.failure]
    table = StudyRecord(
        study=NAME,
        name=_name(config),
        title=f"Image methods on {Path(config.data).name}, {config.budget} budget",
        claim=(
            "With its defaults, each method beats the untrained encoder by more than the spread"
            " over seeds, and none collapses."
        ),
        setting=_setting(config, cells[0], samples),
        config={k: list(v) if isinstance(v, tuple) else v for k, v in asdict(config).items()},
        command=_command(config),
        columns=columns if published else COLUMNS,
        rows=tuple(rows),
        notes=(*_notes(config, done, samples), *(SOURCES if published else ())),
        provenance=Provenance.here(),
    )
    own = [name for name in by_method if name not in (*image_methods(), *BASELINES)]
    return replace(table, claims=judge(claims_of([*_CLAIMED, *own]), table))


def _name(config: Config) -> str:
    """Name of the files; the CPU budget has no suffix."""
    return f"{NAME}-{Path(config.data).name}" + ("-gpu" if config.budget == "gpu" else "")


def _row(name: str, records: Sequence[CellRecord | None]) -> StudyRow:
    done = [record for record in records if record is not None and not record.failure]
    failed = [record for record in records if record is not None and record.failure]
    keys = {column.key for column in COLUMNS}
    values = {
        key: tuple(record.values[key] for record in done if key in record.values)
        for key in keys
        if any(key in record.values for record in done)
    }
    verdicts = tuple(record.verdict for record in done if record.verdict)
    return StudyRow(
        name=name,
        values={column.key: values[column.key] for column in COLUMNS if column.key in values},
        words={"verdict": verdicts} if verdicts else {},
        seeds=len(records),
        baseline=name in _COMPARED,
        failures=tuple(f"seed {record.seed}: {record.failure}" for record in failed),
    )


def _setting(config: Config, cell: Cell, samples: Samples) -> dict[str, str]:
    training = dict(cell.training)
    epochs = training["epochs"]
    return {
        "images": f"{samples.train.describe()}, for training without labels",
        "probes": (
            f"trained on {len(samples.fitted):,} labelled images of these, tested on"
            f" {len(samples.test):,} images, {samples.classes} classes"
        ),
        "encoder": cell.encoder,
        "training": (
            f"{epochs:,} epoch{'s' * (epochs > 1)}, batch {training['batch_size']:,},"
            f" {training.get('optimizer', 'adamw')}"
            + (
                f", learning rate {training['learning_rate']:g}"
                if "learning_rate" in training
                else ""
            )
        ),
        "seeds": f"{config.seeds}; ± is the standard deviation over seeds",
    }


def _notes(config: Config, done: Sequence[CellRecord], samples: Samples) -> list[str]:
    notes = [*samples.notes]
    for name in dict.fromkeys(record.method for record in done):
        if name in BASELINES:
            continue
        asked = served(name, "images")
        for key, value in (asked.encoder if asked else {}).items():
            notes.append(f"{name}: encoder with {key} {value}, as the method requires")
    by_note: dict[str, list[str]] = {}
    for record in done:
        for note in record.notes:
            if note not in samples.notes:
                names = by_note.setdefault(note, [])
                if record.method not in names:
                    names.append(record.method)
    trained = {record.method for record in done if record.verdict}
    for note, names in by_note.items():
        notes.append(note if set(names) == trained else f"{', '.join(names)}: {note}")
    precisions = sorted({record.precision for record in done if record.precision})
    if precisions:
        notes.append(f"computed in {', '.join(precisions)}")
    notes.append(
        "alignment, uniformity, m_o, m_r and rank are measured on projections of held-out samples"
        " in two of the method's views. Methods without positive pairs are measured in two of"
        " SimCLR's views, and their verdict ignores alignment. The untrained encoder is measured"
        " on its representations of SimCLR's views"
    )
    versions = sorted({f"{r.provenance.nearfar} ({r.provenance.commit})" for r in done})
    dates = sorted(record.provenance.date for record in done)
    if dates:
        notes.append(
            f"cells trained by nearfar {', '.join(versions)} from {dates[0]} to {dates[-1]}"
        )
    return notes


def _command(config: Config) -> str:
    words = ["nearfar", "study", NAME]
    for field in fields(config):
        value = getattr(config, field.name)
        if value != field.default and field.name not in ("only", "threads"):
            text = ",".join(value) if isinstance(value, tuple) else str(value)
            words += [f"--{field.name.replace('_', '-')}", text]
    if "--data" not in words:
        words += ["--data", config.data]
    return shlex.join(words)
