"""The files in a run's directory."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nearfar.records._division_record import DivisionRecord
from nearfar.records._gallery_record import GalleryRecord
from nearfar.records._geometry_record import GeometryRecord
from nearfar.records._health_record import HealthRecord
from nearfar.records._metrics_record import Metrics
from nearfar.records._probe_record import ProbeRecord
from nearfar.records._run_record import RunRecord

__all__ = ["RunDirectory"]


@dataclass(frozen=True)
class RunDirectory:
    """The files of one run, by name.

    ======================= ======================================================================
    ``recipe.toml``         the settings that reproduce the run
    ``run.json``            summary: data, method, encoder, provenance
    ``division.json``       what is held out (:class:`DivisionRecord`), with groups or copies
    ``groups.txt``          the group of each sample of the data, with groups
    ``metrics.jsonl``       losses and measurements over the run (:class:`Metrics`), one per line
    ``health.json``         the verdict (:class:`HealthRecord`)
    ``geometry.json``       points, distances, spectrum (:class:`GeometryRecord`)
    ``gallery.json``        views and neighbours (:class:`GalleryRecord`)
    ``probe.json``          the last probe with labels, if any (:class:`ProbeRecord`)
    ``checkpoints/``        ``step-00000420.safetensors``; no pickle anywhere
    ``start.safetensors``   the weights that training started from, if they were given
    ``encoder.safetensors`` the encoder's weights under its own library's key names
    ``encoder.json``        how to construct the module for these weights
    ``report.html``         the report
    ======================= ======================================================================
    """

    path: Path

    @property
    def recipe(self) -> Path:
        return self.path / "recipe.toml"

    @property
    def run(self) -> Path:
        return self.path / "run.json"

    @property
    def division(self) -> Path:
        return self.path / "division.json"

    @property
    def groups(self) -> Path:
        return self.path / "groups.txt"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def health(self) -> Path:
        return self.path / "health.json"

    @property
    def geometry(self) -> Path:
        return self.path / "geometry.json"

    @property
    def gallery(self) -> Path:
        return self.path / "gallery.json"

    @property
    def probe(self) -> Path:
        return self.path / "probe.json"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def start(self) -> Path:
        return self.path / "start.safetensors"

    @property
    def encoder(self) -> Path:
        return self.path / "encoder.safetensors"

    @property
    def encoder_description(self) -> Path:
        return self.path / "encoder.json"

    @property
    def report(self) -> Path:
        return self.path / "report.html"

    def exists(self) -> bool:
        """Whether the directory contains a run."""
        return self.recipe.is_file()

    def finished(self) -> bool:
        """Whether the run has finished and has its encoder and its verdict."""
        files = (self.run, self.encoder, self.health)
        return all(file.is_file() for file in files) and self.read_run().finished

    def read_recipe(self) -> dict[str, Any]:
        """The recipe as nested tables."""
        with self.recipe.open("rb") as file:
            return tomllib.load(file)

    def read_run(self) -> RunRecord:
        return RunRecord.load(self.run)

    def read_division(self) -> DivisionRecord | None:
        return DivisionRecord.load(self.division) if self.division.is_file() else None

    def read_health(self) -> HealthRecord | None:
        return HealthRecord.load(self.health) if self.health.is_file() else None

    def read_geometry(self) -> GeometryRecord | None:
        return GeometryRecord.load(self.geometry) if self.geometry.is_file() else None

    def read_gallery(self) -> GalleryRecord | None:
        return GalleryRecord.load(self.gallery) if self.gallery.is_file() else None

    def read_probe(self) -> ProbeRecord | None:
        return ProbeRecord.load(self.probe) if self.probe.is_file() else None

    def read_metrics(self) -> Metrics:
        """The metrics so far; unreadable lines, such as one truncated by a crash, are skipped.

        Raises:
            UnicodeDecodeError: The file is not text.
        """
        if not self.metrics.is_file():
            return Metrics()
        with self.metrics.open(encoding="utf-8") as file:
            return Metrics.of(file)
