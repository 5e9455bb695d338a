"""Every study: its smoke configuration runs, its record comes back from JSON, its page is drawn."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import ModuleType
from xml.etree import ElementTree

import pytest

from nearfar import studies
from nearfar.records import StudyRecord
from nearfar.reports import render_study, render_study_figure, write_study
from tests.every import every
from tests.forked import forked

NAMES = studies.__all__


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies")


@pytest.fixture(scope="session", params=NAMES)
def smoke(request: pytest.FixtureRequest, cache: Path) -> tuple[ModuleType, StudyRecord]:
    module = getattr(studies, request.param)
    with forked():
        return module, module.run(module.SMOKE, cache=cache)


@pytest.mark.slow
def test_the_smoke_configuration_runs(smoke: tuple[ModuleType, StudyRecord]) -> None:
    _, record = smoke
    assert [why for row in record.rows for why in row.failures] == []
    assert every(row.values for row in record.rows)
    assert record.claims


def test_its_record_comes_back_from_json(smoke: tuple[ModuleType, StudyRecord]) -> None:
    _, record = smoke
    assert StudyRecord.from_json(record.to_json()) == record


def test_its_page_holds_table_claims_command_and_figure(
    smoke: tuple[ModuleType, StudyRecord], tmp_path: Path
) -> None:
    _, record = smoke
    page = write_study(record, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {record.title}\n")
    assert record.command in text
    assert every(row.name in text for row in record.rows)
    assert every(claim.text in text for claim in record.claims)
    assert f"({page.stem}.svg)" in text
    assert StudyRecord.load(page.with_suffix(".json")) == record
    drawing = ElementTree.fromstring(page.with_suffix(".svg").read_text(encoding="utf-8"))
    assert drawing.tag.endswith("svg")


def test_what_is_done_is_not_done_again(smoke: tuple[ModuleType, StudyRecord], cache: Path) -> None:
    module, record = smoke
    files = {path: path.stat().st_mtime_ns for path in cache.rglob("cell.json")}
    told: list[str] = []
    again = module.run(module.SMOKE, cache=cache, progress=told.append)
    assert len(told) == 1
    assert "already finished" in told[0]
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("cell.json")} == files
    assert again.rows == record.rows


def test_every_study_says_its_claim(smoke: tuple[ModuleType, StudyRecord]) -> None:
    module, record = smoke
    assert "Claim:" in (module.__doc__ or "")
    assert record.claim
    assert {claim.text for claim in record.claims} <= {claim.text for claim in module.CLAIMS}


def test_a_page_is_drawn_without_a_single_value(
    smoke: tuple[ModuleType, StudyRecord],
) -> None:
    _, record = smoke
    empty = replace(record, rows=tuple(replace(row, values={}, words={}) for row in record.rows))
    said = render_study(empty).count("| not trained |")
    assert said >= len(record.rows)
    assert said % len(record.rows) == 0  # wide results are several tables
    ElementTree.fromstring(render_study_figure(empty))
