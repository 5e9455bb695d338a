"""Views of every kind keep the contract."""

from __future__ import annotations

import pytest

from nearfar import views
from nearfar.testing import Check, views_checks
from nearfar.views import Views
from tests.cases.view_cases import VIEW_CASES

CHECKS = [check for case in VIEW_CASES for check in views_checks(**vars(case))]


@pytest.mark.parametrize("check", CHECKS, ids=str)
def test_views_keep_the_contract(check: Check) -> None:
    check()


def test_every_exported_class_of_views_has_a_case() -> None:
    classes = {
        found
        for name in views.__all__
        if isinstance(found := getattr(views, name), type)
        and hasattr(found, "plain")
        and found is not Views
    }
    assert classes
    assert classes == {type(case.views) for case in VIEW_CASES}
