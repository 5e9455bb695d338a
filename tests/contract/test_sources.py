"""Every source of the library keeps the contract."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nearfar import data
from nearfar.data import Source
from nearfar.testing import check_source
from nearfar.testing._check_source import SourceContract
from tests.cases.source_cases import SOURCE_CASES


@pytest.mark.parametrize("build", SOURCE_CASES.values(), ids=SOURCE_CASES)
def test_a_source_keeps_the_contract(
    build: Callable[[Path], SourceContract], tmp_path: Path
) -> None:
    check_source(**vars(build(tmp_path)))


def test_every_exported_source_class_has_a_case(tmp_path: Path) -> None:
    classes = {
        found
        for name in data.__all__
        if isinstance(found := getattr(data, name), type)
        and issubclass(found, Source)
        and not found.__abstractmethods__
    }
    made = set()
    for number, build in enumerate(SOURCE_CASES.values()):
        (tmp_path / str(number)).mkdir()
        made.add(type(build(tmp_path / str(number)).source))
    assert classes
    assert classes <= made
