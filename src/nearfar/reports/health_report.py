"""The report of a matrix of embeddings that no run stands behind."""

from __future__ import annotations

from nearfar.records import GeometryRecord, HealthRecord
from nearfar.reports import distances, hypersphere, key_numbers, spectrum, verdict
from nearfar.reports.html import element
from nearfar.reports.numbers import count
from nearfar.reports.page import page
from nearfar.reports.quantities import findings
from nearfar.reports.series import Metrics

__all__ = ["render_health"]


def render_health(health: HealthRecord, geometry: GeometryRecord | None = None) -> str:
    """One self-contained HTML page about embeddings from anywhere.

    Args:
        health: The verdict and its evidence.
        geometry: What to draw; without it the sections of drawings say so.

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
                f"{count(health.samples)} samples in {count(health.dim)} dimensions",
                class_="subject",
            ),
        ],
        [
            verdict.section(health),
            key_numbers.section(findings(health, Metrics())),
            hypersphere.section(geometry),
            distances.section(geometry),
            spectrum.section(geometry),
        ],
        [("hypersphere", "Hypersphere"), ("distances", "Near and far"), ("spectrum", "Spectrum")],
    )
