"""One cell of a table: a method trained once from one seed, probed, measured; in its own process.

A cell is a directory: the run, and ``cell.json`` once it is done. A cell that is done is never
trained again, one that was interrupted goes on where it stopped.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

import torch

from nearfar import api
from nearfar._platform import ask_to_stop, lock, peak_memory
from nearfar.api._recipe import preset_options
from nearfar.records import (
    CellRecord,
    HealthRecord,
    Provenance,
    RunDirectory,
    RunRecord,
    write_text,
)
from nearfar.studies._baselines import RAW, SUPERVISED, UNTRAINED, raw_pixels, untrained_encoder
from nearfar.studies._probing import probed
from nearfar.studies._samples import Samples
from nearfar.studies._supervised import supervised

__all__ = ["Cell", "fill"]

_FORMAT = 1  # of what is measured; another one makes every cell anew
_MEASURED = ("alignment", "uniformity", "m_o", "m_r", "effective_rank")
_NOTED = 5.0  # seconds between two notes of the time spent


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What decides a cell's result.

    Attributes:
        method: A preset of ``nearfar.methods``, or a baseline.
        seed: Of the training.
        data: What the table is about, opened by name.
        fingerprint: Of these data.
        samples: How many images are trained on; all if not given.
        labelled: How many of them have labels for the probes; all if not given.
        encoder: By name.
        training: Options of the training loop, but for the seed.
        threads: Of the processor; as PyTorch chooses if not given. It decides no number.
    """

    method: str
    seed: int
    data: str
    fingerprint: str
    samples: int | None
    labelled: int | None
    encoder: str
    training: Mapping[str, Any] = field(default_factory=dict)
    threads: int | None = None

    @property
    def key(self) -> str:
        """Sixteen hexadecimal digits of all that decides the result, but for the seed."""
        decides = {k: v for k, v in asdict(self).items() if k not in ("seed", "threads")}
        if self.method not in (RAW, UNTRAINED, SUPERVISED):
            decides["options"] = {k: repr(v) for k, v in preset_options(self.method).items()}
        if self.method in (RAW, UNTRAINED):
            decides.pop("training")
        text = json.dumps(decides | {"format": _FORMAT}, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def path(self, cache: Path) -> Path:
        """Its directory."""
        return cache / f"{self.method.replace(' ', '-')}-{self.seed}-{self.key}"

    def read(self, cache: Path) -> CellRecord | None:
        """Its record, where it is done or failed."""
        path = self.path(cache) / "cell.json"
        return CellRecord.load(path) if path.is_file() else None

    def failed(self, why: str) -> CellRecord:
        """The record of a cell that came to nothing."""
        return CellRecord(
            method=self.method,
            seed=self.seed,
            fingerprint=self.key,
            provenance=Provenance.here(),
            failure=why,
        )


def fill(cell: Cell, cache: Path) -> None:
    """Train and measure, and write ``cell.json``; in a process of its own.

    Another process that fills the same cell is waited for. When the process that started this one
    dies, this one saves its run and ends as well.
    """
    _end_with_parent()
    if cell.threads is not None:
        torch.set_num_threads(cell.threads)
    folder = cell.path(cache)
    folder.mkdir(parents=True, exist_ok=True)
    with lock(folder / "lock"):
        known = cell.read(cache)
        if known is not None and not known.failure:
            return
        try:
            record = _measured(cell, folder)
        except Exception as error:
            words = " ".join(str(error).split()) or "no message"
            record = cell.failed(f"{type(error).__name__}: {words}")
        record.save(folder / "cell.json")


def _measured(cell: Cell, folder: Path) -> CellRecord:
    samples = Samples.open(cell.data, samples=cell.samples, labelled=cell.labelled)
    if samples.fingerprint != cell.fingerprint:
        raise ValueError(f"`data` changed while the study ran: {samples.train.describe()}")
    if cell.method == RAW:
        values, words = raw_pixels(samples)
        return _record(cell, values, encoder=words)
    if cell.method == UNTRAINED:
        values, words = untrained_encoder(samples, encoder=cell.encoder, seed=cell.seed)
        return _record(cell, values, encoder=words)
    spent = _Spent(folder / "spent.json")
    try:
        run = _trained(cell, samples, folder / "run", spent)
    finally:
        spent.note()
    record, health = run.record, run.health
    values = {name: health.measurements[name] for name in _MEASURED if name in health.measurements}
    values |= {
        "seconds": record.seconds,
        "cpu_seconds": spent.seconds,
        "peak_memory": float(spent.peak),
    }
    values |= probed(run.encoder, run.views, samples)
    return CellRecord(
        method=cell.method,
        seed=cell.seed,
        fingerprint=cell.key,
        provenance=record.provenance,
        values=values,
        verdict=health.verdict,
        encoder=record.encoder,
        precision=record.precision,
        notes=record.notes,
    )


def _record(cell: Cell, values: dict[str, float], *, encoder: str) -> CellRecord:
    return CellRecord(
        method=cell.method,
        seed=cell.seed,
        fingerprint=cell.key,
        provenance=Provenance.here(device="cuda" if torch.cuda.is_available() else "cpu"),
        values=values,
        encoder=encoder,
    )


def _trained(cell: Cell, samples: Samples, path: Path, progress: _Spent) -> api.Run:
    """The run of this cell: begun, or gone on with, or as it is."""
    own: dict[str, Any] = {}
    if cell.method == SUPERVISED:
        own = {"method": supervised, "views": samples.labelled_views()}
    directory = RunDirectory(path)
    if directory.exists():
        try:
            if directory.health.is_file() and directory.read_run().finished:
                return api.load(path)
            return api.resume(path, samples.train, progress=progress, **own)
        except (ValueError, TypeError):  # of an earlier version: begin again
            shutil.rmtree(path)
    method = own.pop("method", cell.method)
    options = {"classes": samples.classes} if cell.method == SUPERVISED else None
    return api.pretrain(
        method,
        samples.train,
        encoder=cell.encoder,
        out=path,
        method_options=options,
        progress=progress,
        seed=cell.seed,
        **own,
        **cell.training,
    )


@final
class _Spent:
    """What the training took, in all the processes in which this run was in training.

    Attributes:
        seconds: Of all cores together.
        peak: Bytes held at most.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        before = json.loads(path.read_text()) if path.is_file() else {"seconds": 0.0, "peak": 0}
        self.seconds, self.peak = float(before["seconds"]), int(before["peak"])
        self._counted, self._noted = time.process_time(), time.monotonic()

    def start(self, record: RunRecord) -> None:
        """Training begins."""

    def update(self, **where: Any) -> None:
        """An update is done."""
        now = time.process_time()
        self.seconds, self._counted = self.seconds + now - self._counted, now
        self.peak = max(self.peak, _peak_memory())
        if time.monotonic() - self._noted > _NOTED:
            self._noted = time.monotonic()
            self.note()

    def note(self) -> None:
        """Write it down, for a process that goes on."""
        write_text(self._path, json.dumps({"seconds": self.seconds, "peak": self.peak}))

    def finish(self, health: HealthRecord) -> None:
        """The run is over."""


def _peak_memory() -> int:
    """Bytes, of this process or, where there is one, on the GPU."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return peak_memory()


def _end_with_parent() -> None:
    """Like Ctrl-C: a run in training is saved first."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        ask_to_stop()

    threading.Thread(target=watch, daemon=True).start()
