"""The files in a run's directory."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

from nearfar.records._division_record import DivisionRecord
from nearfar.records._gallery_record import GalleryRecord
from nearfar.records._geometry_record import GeometryRecord
from nearfar.records._health_record import HealthRecord
from nearfar.records._metrics_record import Metrics, metrics_lines
from nearfar.records._probe_record import ProbeRecord
from nearfar.records._record import Record
from nearfar.records._run_record import RunRecord
from nearfar.records._seals import (
    NOT_AS_EXPECTED,
    DamagedFileError,
    check_json,
    check_text,
    checksum_of,
    explained,
)

__all__ = ["SEALED_FORMAT", "RunDirectory"]

R = TypeVar("R", bound=Record)

SEALED_FORMAT: Final = 2
"""The format of runs from which on each file has a checksum."""
_MADE_AGAIN: Final = frozenset(
    {"run.json", "health.json", "geometry.json", "gallery.json", "encoder.safetensors"}
    | {"encoder.json"}
)


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
        return self.recipe.is_file() and self.recipe.stat().st_size > 0

    def finished(self) -> bool:
        """Whether the run has finished and has its encoder and its verdict."""
        if not all(file.is_file() for file in (self.run, self.encoder, self.health)):
            return False
        record = self.read_run()
        return record.finished and all((self.path / name).is_file() for name in record.files)

    def read_recipe(self) -> dict[str, Any]:
        """The recipe as nested tables.

        Raises:
            ValueError: It is damaged.
        """
        try:
            text = self.check(self.recipe).read_text(encoding="utf-8")
            check_text(text)
            return tomllib.loads(text)
        except NOT_AS_EXPECTED as error:
            raise _damaged(self.recipe, error) from error

    def read_run(self) -> RunRecord:
        """The summary.

        Raises:
            ValueError: It is damaged.
        """
        record = RunRecord.load(self.run)
        if record.format >= SEALED_FORMAT:
            try:
                check_json(self.run.read_text(encoding="utf-8"), required=True)
            except NOT_AS_EXPECTED as error:
                raise _damaged(self.run, error) from error
        return record

    def read_division(self) -> DivisionRecord | None:
        return self._read(DivisionRecord, self.division)

    def read_health(self) -> HealthRecord | None:
        return self._read(HealthRecord, self.health)

    def read_geometry(self) -> GeometryRecord | None:
        return self._read(GeometryRecord, self.geometry)

    def read_gallery(self) -> GalleryRecord | None:
        return self._read(GalleryRecord, self.gallery)

    def read_probe(self) -> ProbeRecord | None:
        return self._read(ProbeRecord, self.probe)

    def read_metrics(self) -> Metrics:
        """The metrics so far; a last line that a crash has cut off is left out.

        Raises:
            ValueError: The file is damaged.
        """
        if not self.check(self.metrics).is_file():
            return Metrics()
        try:
            return Metrics.of(metrics_lines(self.metrics))
        except NOT_AS_EXPECTED as error:
            raise _damaged(self.metrics, error) from error

    def check(self, path: Path) -> Path:
        """A file of the run, if it is what the run has written.

        The summary of a run has the checksums of its other files: of those that its training
        starts from once it has started, and of all once it has finished.

        Raises:
            ValueError: It is damaged or of another run, or missing and not made again.
        """
        try:
            known = self.read_run().files if self.run.is_file() else {}
        except ValueError:  # said where the summary is read; each file has a checksum of its own
            known = {}
        expected = known.get(path.name)
        if expected is None:
            return path
        if not path.is_file():
            if path in (self.health, self.encoder, self.encoder_description):
                return path  # made again where it is used
            again = "resume the run, which makes it again" if path.name in _MADE_AGAIN else ""
            raise DamagedFileError(f"{path} is missing: {again or 'restore it from a copy'}")
        if checksum_of(path) != expected:
            raise _damaged(path, DamagedFileError("it is not the file that the run has written"))
        return path

    def forget(self, path: Path) -> None:
        """Take the checksum of a file that is about to change from the summary."""
        record = self.read_run() if self.run.is_file() else None
        if record is not None and path.name in record.files:
            files = {name: value for name, value in record.files.items() if name != path.name}
            replace(record, files=files).save(self.run)

    def checksums(self, *, finished: bool) -> dict[str, str]:
        """The checksums of the files that the run does not change again.

        Args:
            finished: Whether that are all files, rather than those that training starts from.
        """
        files = [self.recipe, self.division, self.groups, self.encoder_description, self.start]
        if finished:
            files += [self.metrics, self.health, self.geometry, self.gallery, self.encoder]
        return {path.name: checksum_of(path) for path in files if path.is_file()}

    def _read(self, kind: type[R], path: Path) -> R | None:
        return kind.load(path) if self.check(path).is_file() else None


def _damaged(path: Path, error: BaseException) -> DamagedFileError:
    """The error about a damaged file, with what can be done."""
    again = ", or delete it and resume the run, which makes it again"
    return DamagedFileError(
        f"{path} is damaged: {explained(error)}; restore it from a copy of the run"
        f"{again if path.name in _MADE_AGAIN else ''}"
    )
