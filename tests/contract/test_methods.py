"""Every preset makes a method that keeps the contract."""

from __future__ import annotations

import pytest

from nearfar.api._method_listing import preset_names
from nearfar.testing import Check, method_checks
from tests.cases.method_cases import CASES

CHECKS = [check for case in CASES for check in method_checks(**vars(case))]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_a_method_keeps_the_contract(check: Check) -> None:
    check()


def test_every_preset_has_a_case() -> None:
    assert set(preset_names()) == {case.name for case in CASES}


def test_every_contrastive_method_with_a_temperature_is_asked_about_its_negatives() -> None:
    asked = {case.name for case in CASES if case.contrasts is not None}
    assert asked == {"moco_v1", "moco_v2", "multiview", "simclr"}
