"""Typed results with JSON serialisation, provenance, and the files of a run; without PyTorch."""

from nearfar.records._advice import AdviceLine, AdviceRecord, Curve
from nearfar.records._files import replace_atomically, write_bytes, write_text
from nearfar.records._gallery import Exhibit, GalleryRecord, GalleryRow
from nearfar.records._geometry import GeometryRecord
from nearfar.records._health import Finding, HealthRecord
from nearfar.records._metrics import Metrics, TrainMetrics, WatchMetrics
from nearfar.records._probe import ProbeRecord, ProbeRow
from nearfar.records._provenance import Provenance
from nearfar.records._record import Record
from nearfar.records._run import RunRecord
from nearfar.records._run_directory import RunDirectory
from nearfar.records._study import ClaimRecord, Column, StudyRecord, StudyRow
from nearfar.records._study_cell import CellRecord
from nearfar.records._toml import format_toml

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
    "Metrics",
    "ProbeRecord",
    "ProbeRow",
    "Provenance",
    "Record",
    "RunDirectory",
    "RunRecord",
    "StudyRecord",
    "StudyRow",
    "TrainMetrics",
    "WatchMetrics",
    "format_toml",
    "replace_atomically",
    "write_bytes",
    "write_text",
]
