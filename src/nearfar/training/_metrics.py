"""``metrics.jsonl``: one JSON object a line, appended as training goes."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any, final

from nearfar.records import RunDirectory, write_text

__all__ = ["Meter", "MetricsLog"]


@final
class MetricsLog:
    """Appends lines; on resume, forgets what came after the checkpoint.

    Args:
        path: The file.
        step: Lines about later updates are dropped.
    """

    def __init__(self, path: Path, *, step: int) -> None:
        self._path = path
        kept = [line for line in RunDirectory(path.parent).read_metrics() if line["step"] <= step]
        write_text(path, "".join(json.dumps(line) + "\n" for line in kept))

    def write(self, kind: str, **values: Any) -> None:
        """Append one line."""
        line = {"kind": kind} | values
        try:
            with self._path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")
        except OSError as error:
            raise type(error)(
                error.errno, f"cannot write {self._path}: {error.strerror}"
            ) from error


@final
class Meter:
    """Means over the updates since the last line of the log.

    Args:
        samples: Samples of an update.
        pending: What :attr:`pending` held when a checkpoint was written.
    """

    def __init__(self, samples: int, *, pending: dict[str, list[float]] | None = None) -> None:
        self._samples = samples
        self.pending: dict[str, list[float]] = pending or {"loss": []}
        self._counted = 0
        self._since = time.perf_counter()

    def count(self, loss: float, terms: dict[str, float]) -> None:
        """One update more."""
        self._counted += 1
        for name, value in ({"loss": loss} | terms).items():
            self.pending.setdefault(name, []).append(value)

    def read(self) -> dict[str, float]:
        """The means and the speed, and start over."""
        elapsed = max(time.perf_counter() - self._since, 1e-9)
        means = {name: sum(values) / max(1, len(values)) for name, values in self.pending.items()}
        speed = self._samples * self._counted / elapsed
        self.pending, self._counted, self._since = {"loss": []}, 0, time.perf_counter()
        return means | {"samples_per_second": speed}
