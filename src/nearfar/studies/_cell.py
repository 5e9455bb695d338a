"""A cell of a study: one method trained, probed and measured with one seed, in its own process.

A cell is a directory with the run and, once it has finished, ``cell.json``. Finished cells are
never trained again; interrupted cells are resumed.
"""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import re
import shutil
import threading
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, final

import torch

from nearfar import api
from nearfar._own_code import code_hash
from nearfar._platform import ask_to_stop, lock, peak_memory
from nearfar.api._method_listing import find_preset, method_class, preset_options
from nearfar.records import (
    CellRecord,
    HealthRecord,
    Provenance,
    RunDirectory,
    RunRecord,
    write_text,
)
from nearfar.studies._baselines import RAW, SUPERVISED, UNTRAINED, raw_pixels, untrained_encoder
from nearfar.studies._study_probes import probed
from nearfar.studies._study_samples import Samples
from nearfar.studies._supervised import supervised

__all__ = ["Cell", "fill"]

_FORMAT = 1  # version of the measurements; a new version recomputes all cells
_MEASURED = ("alignment", "uniformity", "m_o", "m_r", "effective_rank")
_NOTED = 5.0  # seconds between two records of the time spent


@dataclass(frozen=True, kw_only=True)
class Cell:
    """All settings that determine a cell's result.

    Attributes:
        method: A preset of ``nearfar.methods``, or a baseline.
        seed: Random seed of the training.
        data: Name or path of the data.
        fingerprint: Fingerprint of the data.
        samples: Number of training images; all by default.
        labeled: Number of labelled training images for the probes; all by default.
        encoder: Name of the encoder.
        training: Options of the training loop, except the seed.
        threads: Number of CPU threads; PyTorch's default if not given. It does not affect results.
    """

    method: str
    seed: int
    data: str
    fingerprint: str
    samples: int | None
    labeled: int | None
    encoder: str
    training: Mapping[str, Any] = field(default_factory=dict)
    threads: int | None = None

    @property
    def key(self) -> str:
        """Hash of all settings that determine the result, except the seed: 16 hex digits."""
        decides = {k: v for k, v in asdict(self).items() if k not in ("seed", "threads")}
        decides["labelled"] = decides.pop("labeled")  # as in 0.1, so that its cells are found
        if self.method not in (RAW, UNTRAINED, SUPERVISED):
            decides["options"] = {k: repr(v) for k, v in preset_options(self.method).items()}
            decides |= _own_code(self.method)
        if self.method in (RAW, UNTRAINED):
            decides.pop("training")
        text = json.dumps(decides | {"format": _FORMAT}, sort_keys=True, default=str)
        return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()

    def path(self, cache: Path) -> Path:
        """Directory of the cell."""
        name = re.sub(r"[^\w.]+", "-", self.method).strip("-.")
        return cache / f"{name}-{self.seed}-{self.key}"

    def read(self, cache: Path) -> CellRecord | None:
        """The cell's record if it has finished or failed, else None."""
        path = self.path(cache) / "cell.json"
        return CellRecord.load(path) if path.is_file() else None

    def failed(self, why: str) -> CellRecord:
        """The record of a failed cell."""
        return CellRecord(
            method=self.method,
            seed=self.seed,
            fingerprint=self.key,
            provenance=Provenance.here(),
            failure=why,
        )


def _own_code(method: str) -> dict[str, str]:
    """Hash of the files that define a method outside nearfar: a changed method is trained again."""
    code = code_hash(find_preset(method), method_class(method))
    return {"code": code} if code else {}


def fill(cell: Cell, cache: Path) -> None:
    """Train, measure and write ``cell.json``; must run in a process of its own.

    If another process is computing the same cell, wait for it. If the parent process dies, this
    process saves its run and ends as well.
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
    samples = Samples.open(cell.data, samples=cell.samples, labeled=cell.labeled)
    if samples.fingerprint != cell.fingerprint:
        raise ValueError(f"`data` changed during the study: {samples.train.describe()}")
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
    """The run of this cell: loaded if it has finished, else resumed or started."""
    own: dict[str, Any] = {}
    if cell.method == SUPERVISED:
        own = {"method": supervised, "views": samples.labeled_views()}
    directory = RunDirectory(path)
    if directory.exists():
        try:
            if directory.health.is_file() and directory.read_run().finished:
                return api.load(path)
            return api.resume(path, samples.train, progress=progress, **own)
        except (ValueError, TypeError):  # a run of an earlier version: start again
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
    """CPU time and peak memory of the training, over all processes that trained this run.

    Attributes:
        seconds: CPU time in seconds, summed over cores.
        peak: Peak memory in bytes.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        before = json.loads(path.read_text()) if path.is_file() else {"seconds": 0.0, "peak": 0}
        self.seconds, self.peak = float(before["seconds"]), int(before["peak"])
        self._counted, self._noted = time.process_time(), time.monotonic()

    def start(self, record: RunRecord) -> None:
        """Called when training begins."""

    def update(self, **where: Any) -> None:
        """Called after each update."""
        now = time.process_time()
        self.seconds, self._counted = self.seconds + now - self._counted, now
        self.peak = max(self.peak, _peak_memory())
        if time.monotonic() - self._noted > _NOTED:
            self._noted = time.monotonic()
            self.note()

    def note(self) -> None:
        """Save the values for a process that resumes the run."""
        write_text(self._path, json.dumps({"seconds": self.seconds, "peak": self.peak}))

    def finish(self, health: HealthRecord) -> None:
        """Called at the end of the run."""


def _peak_memory() -> int:
    """Peak memory in bytes, of the GPU if there is one, else of this process."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return peak_memory()


def _end_with_parent() -> None:
    """End when the parent process ends; as with Ctrl-C, a run in training is saved first."""
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def watch() -> None:
        parent.join()
        ask_to_stop()

    threading.Thread(target=watch, daemon=True).start()
