"""Conformance checks for methods, objectives, diagnostics, sources and views."""

from nearfar.testing._check import Check
from nearfar.testing._diagnostic import check_diagnostic, diagnostic_checks
from nearfar.testing._method import check_method, method_checks
from nearfar.testing._objective import check_objective, objective_checks
from nearfar.testing._objective_contract import Anchor
from nearfar.testing._processes import run_processes
from nearfar.testing._source import check_source, source_checks
from nearfar.testing._views import check_views, views_checks

__all__ = [
    "Anchor",
    "Check",
    "check_diagnostic",
    "check_method",
    "check_objective",
    "check_source",
    "check_views",
    "diagnostic_checks",
    "method_checks",
    "objective_checks",
    "run_processes",
    "source_checks",
    "views_checks",
]
