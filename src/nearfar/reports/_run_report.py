"""The report of a run, rendered from the records in its directory."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias, TypeVar

from nearfar._signs import counted
from nearfar.records import (
    GalleryRecord,
    GeometryRecord,
    HealthRecord,
    Metrics,
    RunDirectory,
    RunRecord,
    write_text,
)
from nearfar.reports import (
    _curves,
    _distances,
    _evidence_section,
    _gallery_section,
    _hypersphere,
    _key_numbers,
    _notes,
    _probe_section,
    _provenance_section,
    _recipe_section,
    _sample_map,
    _spectrum,
    _structure,
    _verdict,
)
from nearfar.reports._formatting import count
from nearfar.reports._html import Html, element
from nearfar.reports._page import page
from nearfar.reports._quantities import findings

__all__ = ["read", "render_report", "write_report"]

T = TypeVar("T")
Measured: TypeAlias = tuple[HealthRecord | None, GeometryRecord | None, GalleryRecord | None]

_LINKS = [
    ("training", "Training"),
    ("hypersphere", "Hypersphere"),
    ("distances", "Distances"),
    ("spectrum", "Spectrum"),
    ("structure", "Local structure"),
    ("map", "Map"),
    ("views", "Views"),
    ("neighbors", "Neighbours"),
    ("recipe", "Recipe"),
    ("provenance", "Provenance"),
    ("notes", "Notes"),
]


def read(reader: Callable[[], T], damage: list[str]) -> T | None:
    """The result of `reader`, or None if the file is missing or damaged; damage is noted."""
    try:
        return reader()
    except FileNotFoundError:
        return None
    except (AttributeError, OSError, ValueError) as error:
        damage.append(f"Damaged: {error}")
        return None


def render_report(
    directory: RunDirectory | Path,
    *,
    measured: Measured = (None, None, None),
    notes: Sequence[str] = (),
) -> str:
    """A self-contained HTML page about a run.

    It opens from a file without network access, in light and dark. If a record is missing or
    damaged, only its section is replaced by a message.

    Args:
        directory: Directory of the run.
        measured: Verdict, geometry and gallery of an unfinished run, which has stored none.
        notes: Further notes.

    Returns:
        The page.

    Raises:
        FileNotFoundError: There is no record of a run in `directory`.
    """
    run_directory = directory if isinstance(directory, RunDirectory) else RunDirectory(directory)
    path = run_directory.path
    records = (run_directory.recipe, run_directory.run, run_directory.metrics, run_directory.health)
    if not any(record.is_file() for record in records):
        raise FileNotFoundError(f"`directory` must contain the records of a run, got {path}")
    damage: list[str] = []
    run = read(run_directory.read_run, damage)
    health = measured[0] or read(run_directory.read_health, damage)
    geometry = measured[1] or read(run_directory.read_geometry, damage)
    pictures = measured[2] or read(run_directory.read_gallery, damage)
    probe = read(run_directory.read_probe, damage)
    metrics = read(run_directory.read_metrics, damage) or Metrics()
    text = read(lambda: run_directory.recipe.read_text(encoding="utf-8"), damage)
    name = run.name if run else path.resolve().name
    doubts = health.reservations if health else ()
    return page(
        f"{name} · nearfar",
        _header(name, run, metrics),
        [
            _verdict.section(health),
            *([_probe_section.section(probe)] if probe else []),
            _key_numbers.section(findings(health, metrics, chance=run.chance if run else None)),
            *_evidence_section.section(health, pictures.samples if pictures else ()),
            _curves.section(metrics, health=health, chance=run.chance if run else None),
            _hypersphere.section(geometry),
            _distances.section(geometry),
            _spectrum.section(geometry, metrics),
            _structure.section(geometry, health),
            _sample_map.section(geometry, pictures.samples if pictures else ()),
            _gallery_section.views(pictures),
            _gallery_section.neighbors(pictures),
            _recipe_section.section(text),
            _provenance_section.section(run, health=health),
            _notes.section([*damage, *notes, *doubts, *(run.notes if run else ())]),
        ],
        [*([("probe", "Probe")] if probe else []), *_LINKS],
    )


def write_report(
    path: RunDirectory | Path,
    *,
    measured: Measured = (None, None, None),
    notes: Sequence[str] = (),
) -> Path:
    """Write a run's report into its directory, atomically.

    Args:
        path: Directory of the run.
        measured: Verdict, geometry and gallery of an unfinished run, which has stored none.
        notes: Further notes.

    Returns:
        Path of the report.

    Raises:
        FileNotFoundError: There is no record of a run in `path`.
        OSError: The directory is not writable or the disk is full.
    """
    directory = path if isinstance(path, RunDirectory) else RunDirectory(path)
    write_text(directory.report, render_report(directory, measured=measured, notes=notes))
    return directory.report


def _header(name: str, run: RunRecord | None, metrics: Metrics) -> list[Html]:
    parts = [
        element("p", "nearfar run report", class_="eyebrow"),
        element("h1", element("bdi", name)),
    ]
    if run:
        subject = " · ".join(
            part for part in (run.method, run.data, run.encoder, run.objective) if part
        )
        parts.append(element("p", subject, class_="subject"))
        if not run.finished:
            done = count(metrics.train[-1].step if metrics.train else 0)
            parts.append(
                element(
                    "p",
                    f"This run stopped early, after {done} of {counted(run.steps, 'update')}.",
                    class_="state",
                )
            )
    return parts
