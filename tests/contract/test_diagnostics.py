"""Every diagnostic of the library keeps the contract."""

from __future__ import annotations

import pytest

from nearfar import diagnostics
from nearfar.diagnostics import Diagnostic
from nearfar.testing import Check, diagnostic_checks
from nearfar.testing._diagnostic_contract import DiagnosticContract
from tests.cases.diagnostic_cases import DIAGNOSTIC_CASES

CHECKS = [check for case in DIAGNOSTIC_CASES for check in diagnostic_checks(**vars(case))]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_a_diagnostic_keeps_the_contract(check: Check) -> None:
    check()


def test_every_diagnostic_class_has_a_case() -> None:
    classes = {
        name
        for name in diagnostics.__all__
        if isinstance(found := getattr(diagnostics, name), type)
        and issubclass(found, Diagnostic)
        and found is not Diagnostic
    }
    assert {case.subject for case in DIAGNOSTIC_CASES} == classes


@pytest.mark.parametrize("case", DIAGNOSTIC_CASES, ids=str)
def test_names_of_function_and_class_pair_and_both_are_documented(case: DiagnosticContract) -> None:
    assert case.function
    assert case.reference
    assert case.function.__name__.replace("_", "") == case.subject.lower()
    assert getattr(diagnostics, case.function.__name__) is case.function
    text = case.function.__doc__ or ""
    assert [part for part in ("Range:", "Reading:", ">>>") if part not in text] == []
