"""Typed results: JSON in and out, provenance, the files of a run. No PyTorch in here."""

from nearfar.records.advice import AdviceLine, AdviceRecord, Curve
from nearfar.records.files import replace_atomically, write_bytes, write_text
from nearfar.records.gallery import Exhibit, GalleryRecord, GalleryRow
from nearfar.records.geometry import GeometryRecord
from nearfar.records.health import Finding, HealthRecord
from nearfar.records.probe import ProbeRecord, ProbeRow
from nearfar.records.provenance import Provenance
from nearfar.records.record import Record
from nearfar.records.run import RunRecord
from nearfar.records.run_directory import RunDirectory
from nearfar.records.study import ClaimRecord, Column, StudyRecord, StudyRow
from nearfar.records.study_cell import CellRecord
from nearfar.records.toml import format_toml

__all__ = [
    "AdviceLine",
    "AdviceRecord",
    "CellRecord",
    "ClaimRecord",
    "Column",
    "Curve",
    "Exhibit",
    "Finding",
    "GalleryRecord",
    "GalleryRow",
    "GeometryRecord",
    "HealthRecord",
    "ProbeRecord",
    "ProbeRow",
    "Provenance",
    "Record",
    "RunDirectory",
    "RunRecord",
    "StudyRecord",
    "StudyRow",
    "format_toml",
    "replace_atomically",
    "write_bytes",
    "write_text",
]
