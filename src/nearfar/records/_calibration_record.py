"""Runs whose outcomes are known from labels, for calibrating the verdict, which uses none."""

from __future__ import annotations

import gzip
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nearfar._suggestions import check_choice
from nearfar.records._atomic_files import write_bytes
from nearfar.records._provenance_record import Provenance
from nearfar.records._record import Record

__all__ = ["CalibrationRun", "CalibrationRuns", "Gain"]

_OUTCOMES = ("sound", "broken", "mixed")


@dataclass(frozen=True)
class Gain(Record):
    """Accuracy of a probe, less that on the untrained encoder, on the same test samples.

    Attributes:
        probe: Name of the probe.
        accuracy: Accuracy of the trained encoder.
        untrained: Accuracy of the untrained encoder.
        raw: Accuracy of raw features; None if they have none.
        low: Lower end of the 95 % interval of the gain, over paired test samples.
        high: Upper end.
    """

    probe: str
    accuracy: float
    untrained: float
    raw: float | None
    low: float
    high: float

    @property
    def value(self) -> float:
        """The gain."""
        return self.accuracy - self.untrained


@dataclass(frozen=True)
class CalibrationRun(Record):
    """A run with its measurements, and what probes say it is.

    Attributes:
        name: Name of the run.
        source: Name of its data.
        kind: Kind of data, of which results are reported together.
        modality: Modality of the data.
        method: Method.
        condition: Settings, in a few words.
        intended: What the settings were meant to give: ``sound`` or ``broken``.
        outcome: ``sound`` if both a kNN and a linear probe are better than on the untrained
            encoder, ``broken`` if neither is, ``mixed`` otherwise.
        measurements: Label-free measurements at the end, by name.
        gains: The probes' gains.
        readings: Measurements and accuracies at checkpoints, by name.
    """

    name: str
    source: str
    kind: str
    modality: str
    method: str
    condition: str
    intended: str
    outcome: str
    measurements: dict[str, float]
    gains: tuple[Gain, ...] = ()
    readings: tuple[dict[str, float], ...] = ()

    def __post_init__(self) -> None:
        check_choice(_OUTCOMES, outcome=self.outcome)


@dataclass(frozen=True)
class CalibrationRuns(Record):
    """The runs of a calibration.

    Attributes:
        runs: The finished runs.
        planned: Number of runs that were planned.
        failures: For each run that failed, its name and the reason.
        made_with: What the measurements were made with: versions of measures and of parts, and the
            default settings of the methods.
        provenance: Versions and machine.
    """

    runs: tuple[CalibrationRun, ...]
    planned: int
    provenance: Provenance
    failures: tuple[str, ...] = ()
    made_with: dict[str, Any] = field(default_factory=dict)

    def save_compressed(self, path: Path) -> None:
        """Write the JSON compressed; the same runs give the same bytes.

        Args:
            path: A file ``.json.gz``.
        """
        write_bytes(path, gzip.compress(self.to_json().encode(), mtime=0))

    @classmethod
    def load_compressed(cls, path: Path) -> CalibrationRuns:
        """Read what :meth:`save_compressed` wrote.

        Args:
            path: A file ``.json.gz``.
        """
        return cls.from_json(gzip.decompress(path.read_bytes()).decode())
