"""Conformance checks for methods, objectives, diagnostics, sources and views."""

from nearfar.testing._check import Check
from nearfar.testing._check_diagnostic import check_diagnostic, diagnostic_checks
from nearfar.testing._check_method import check_method, method_checks
from nearfar.testing._check_objective import check_objective, objective_checks
from nearfar.testing._check_source import check_source, source_checks
from nearfar.testing._check_views import check_views, views_checks
from nearfar.testing._objective_contract import Anchor
from nearfar.testing._spawned_processes import run_processes

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
