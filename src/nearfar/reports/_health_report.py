"""The report on a matrix of embeddings without a run."""

from __future__ import annotations

from collections.abc import Sequence

from nearfar._signs import counted
from nearfar.records import Exhibit, GeometryRecord, HealthRecord, Metrics
from nearfar.reports import (
    _distances,
    _evidence_section,
    _hypersphere,
    _key_numbers,
    _notes,
    _sample_map,
    _spectrum,
    _structure,
    _verdict,
)
from nearfar.reports._html import element
from nearfar.reports._page import page
from nearfar.reports._quantities import findings

__all__ = ["render_health"]


def render_health(
    health: HealthRecord,
    geometry: GeometryRecord | None = None,
    *,
    samples: Sequence[Exhibit] = (),
) -> str:
    """A self-contained HTML page about embeddings from any source.

    Args:
        health: The verdict and its evidence.
        geometry: Points, distances and eigenvalues to draw; without it the figures are marked as
            missing.
        samples: Samples as small pictures or texts, each with its name as the caption, for the
            findings that name them.

    Returns:
        The page.
    """
    return page(
        "Embeddings · nearfar",
        [
            element("p", "nearfar health report", class_="eyebrow"),
            element("h1", "Embeddings"),
            element(
                "p",
                f"{counted(health.samples, 'sample')} in {counted(health.dim, 'dimension')}",
                class_="subject",
            ),
        ],
        [
            _verdict.section(health),
            _key_numbers.section(findings(health, Metrics())),
            *_evidence_section.section(health, samples),
            _hypersphere.section(geometry),
            _distances.section(geometry),
            _spectrum.section(geometry),
            _structure.section(geometry, health),
            _sample_map.section(geometry, samples),
            _notes.section(health.remarks),
        ],
        [
            ("hypersphere", "Hypersphere"),
            ("distances", "Distances"),
            ("spectrum", "Spectrum"),
            ("structure", "Local structure"),
            ("map", "Map"),
            ("notes", "Notes"),
        ],
    )
