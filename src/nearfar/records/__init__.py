"""Typed results with JSON serialisation, provenance, and the files of a run; without PyTorch."""

from nearfar.records._advice_record import AdviceLine, AdviceRecord, Curve
from nearfar.records._atomic_files import replace_atomically, write_bytes, write_text
from nearfar.records._calibration_record import CalibrationRun, CalibrationRuns, Gain
from nearfar.records._division_record import DivisionRecord
from nearfar.records._encoders_record import EncodersRecord
from nearfar.records._gallery_record import Exhibit, GalleryRecord, GalleryRow
from nearfar.records._geometry_record import GeometryRecord
from nearfar.records._health_record import Finding, HealthRecord
from nearfar.records._metrics_record import Metrics, TrainMetrics, WatchMetrics
from nearfar.records._named_samples_record import NamedSamples
from nearfar.records._probe_record import (
    ProbeComparison,
    ProbeRecord,
    ProbeRow,
    ProbeShare,
)
from nearfar.records._provenance_record import Provenance
from nearfar.records._ranking_record import RankedRun, RankingRecord
from nearfar.records._record import Record
from nearfar.records._remedy_record import Remedy
from nearfar.records._run_directory import RunDirectory
from nearfar.records._run_record import RunRecord
from nearfar.records._search_records import (
    DuplicatesRecord,
    DuplicatesRow,
    Neighbor,
    NeighborsRecord,
    NeighborsRow,
    OutlierRow,
    OutliersRecord,
)
from nearfar.records._study_cell import CellRecord
from nearfar.records._study_claim import ClaimRecord, StudyFigure, StudySeries
from nearfar.records._study_record import Column, StudyRecord, StudyRow
from nearfar.records._toml import format_toml
from nearfar.records._views_record import ViewsRecord

__all__ = [
    "AdviceLine",
    "AdviceRecord",
    "CalibrationRun",
    "CalibrationRuns",
    "CellRecord",
    "ClaimRecord",
    "Column",
    "Curve",
    "DivisionRecord",
    "DuplicatesRecord",
    "DuplicatesRow",
    "EncodersRecord",
    "Exhibit",
    "Finding",
    "Gain",
    "GalleryRecord",
    "GalleryRow",
    "GeometryRecord",
    "HealthRecord",
    "Metrics",
    "NamedSamples",
    "Neighbor",
    "NeighborsRecord",
    "NeighborsRow",
    "OutlierRow",
    "OutliersRecord",
    "ProbeComparison",
    "ProbeRecord",
    "ProbeRow",
    "ProbeShare",
    "Provenance",
    "RankedRun",
    "RankingRecord",
    "Record",
    "Remedy",
    "RunDirectory",
    "RunRecord",
    "StudyFigure",
    "StudyRecord",
    "StudyRow",
    "StudySeries",
    "TrainMetrics",
    "ViewsRecord",
    "WatchMetrics",
    "format_toml",
    "replace_atomically",
    "write_bytes",
    "write_text",
]
