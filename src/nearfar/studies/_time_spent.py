"""CPU time and memory of a training, over all processes that trained it, and its checkpoints."""

from __future__ import annotations

import json
import os
import shutil
import time
from pathlib import Path
from typing import Any, final

import torch

from nearfar._platform import peak_memory
from nearfar.records import HealthRecord, RunRecord, write_text

__all__ = ["TimeSpent", "peak_memory_here"]

_NOTED = 5.0  # seconds between two records of the time spent


@final
class TimeSpent:
    """The progress of a run: counts CPU time and memory, and keeps checkpoints.

    A run keeps its two latest checkpoints; those that a study measures are kept here as well.

    Args:
        path: File for the counts, which a process that resumes the run reads.
        checkpoints: Directory of the run's checkpoints.
        kept: Directory for the checkpoints that are kept.
        every: Updates between two kept checkpoints; 0 keeps none.

    Attributes:
        seconds: CPU time in seconds, summed over cores.
        peak: Peak memory in bytes.
    """

    def __init__(self, path: Path, *, checkpoints: Path, kept: Path, every: int) -> None:
        self._path, self._checkpoints, self._kept, self._every = path, checkpoints, kept, every
        before = json.loads(path.read_text()) if path.is_file() else {"seconds": 0.0, "peak": 0}
        self.seconds, self.peak = float(before["seconds"]), int(before["peak"])
        self._fraction = float(before.get("fraction", 0.0))
        self._counted, self._noted = time.process_time(), time.monotonic()

    def start(self, record: RunRecord) -> None:
        """Called when training begins."""

    def update(self, *, step: int, steps: int, **where: Any) -> None:
        """Called after each update, before its checkpoint is written."""
        now = time.process_time()
        self.seconds, self._counted = self.seconds + now - self._counted, now
        self.peak = max(self.peak, peak_memory_here())
        self._fraction = step / steps
        self.keep()
        if time.monotonic() - self._noted > _NOTED:
            self._noted = time.monotonic()
            self.note()

    def keep(self) -> None:
        """Keep those of the run's checkpoints that are measured."""
        if not self._every:
            return
        for path in self._checkpoints.glob("step-*.safetensors"):
            step = int(path.stem.partition("-")[2])
            there = self._kept / path.stem / path.name
            if step % self._every == 0 and not there.exists():
                there.parent.mkdir(parents=True, exist_ok=True)
                _link(path, there)

    def has(self, step: int) -> bool:
        """Whether the checkpoint after some updates is kept."""
        return (self._kept / f"step-{step:08d}").is_dir()

    def note(self) -> None:
        """Save the values for a process that resumes the run, and for displays."""
        found = {"seconds": self.seconds, "peak": self.peak, "fraction": self._fraction}
        write_text(self._path, json.dumps(found))

    def finish(self, health: HealthRecord) -> None:
        """Called at the end of the run."""


def peak_memory_here() -> int:
    """Peak memory in bytes, of the GPU if there is one, else of this process."""
    if torch.cuda.is_available():
        return int(torch.cuda.max_memory_allocated())
    return peak_memory()


def _link(path: Path, there: Path) -> None:
    """A second name of a file; a copy where the file system has no such thing."""
    try:
        os.link(path, there)
    except OSError:
        shutil.copyfile(path, there)
