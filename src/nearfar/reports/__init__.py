"""Self-contained HTML pages rendered from records: no network access, light and dark."""

from __future__ import annotations

from nearfar.reports._advice_report import render_advice
from nearfar.reports._comparison import render_comparison
from nearfar.reports._health_report import render_health
from nearfar.reports._run_plot import plot_run, write_plot
from nearfar.reports._run_report import render_report, write_report
from nearfar.reports._search_pages import (
    render_duplicates,
    render_neighbors,
    render_outliers,
)
from nearfar.reports._study_figure import render_study_figure
from nearfar.reports._study_lines import render_study_lines
from nearfar.reports._study_report import render_study, study_cell, write_study
from nearfar.reports._views_page import render_views
from nearfar.reports._what_holds import render_what_holds, write_what_holds

__all__ = [
    "plot_run",
    "render_advice",
    "render_comparison",
    "render_duplicates",
    "render_health",
    "render_neighbors",
    "render_outliers",
    "render_report",
    "render_study",
    "render_study_figure",
    "render_study_lines",
    "render_views",
    "render_what_holds",
    "study_cell",
    "write_plot",
    "write_report",
    "write_study",
    "write_what_holds",
]
