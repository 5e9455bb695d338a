"""The pages of results in the documentation are what their records say."""

from __future__ import annotations

from pathlib import Path

import pytest

from nearfar.records import StudyRecord
from nearfar.reports import render_what_holds, write_study
from nearfar.studies import find_study, judge
from nearfar.studies._study import given_by
from tests.every import every

RESULTS = Path(__file__).parents[2] / "docs" / "results"
RECORDS = sorted(set(RESULTS.glob("*.json")) - set(RESULTS.glob("*-runs.json")))


def test_there_are_results() -> None:
    assert {"chance-minutes", "coupon-minutes"} <= {path.stem for path in RECORDS}


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_page_is_what_its_record_renders(path: Path, tmp_path: Path) -> None:
    page = write_study(StudyRecord.load(path), tmp_path)
    assert path.with_suffix(".md").read_text(encoding="utf-8") == page.read_text(encoding="utf-8")
    for suffix in (".svg",):
        drawn = page.with_suffix(suffix)
        assert path.with_suffix(suffix).exists() == drawn.exists()
        if drawn.exists():
            assert path.with_suffix(suffix).read_text("utf-8") == drawn.read_text("utf-8")


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_verdicts_are_those_of_the_study_s_claims_now(path: Path) -> None:
    record = StudyRecord.load(path)
    if not record.budget:
        pytest.skip("of version 0.1")
    study = find_study(record.study)
    given = {k: tuple(v) if isinstance(v, list) else v for k, v in record.config.items()}
    claims = given_by(study.claims, type(study.smoke)(**given))
    assert judge(claims, record) == record.claims


def test_the_page_of_all_claims_is_what_the_records_render() -> None:
    records = {path.stem: StudyRecord.load(path) for path in RECORDS}
    page = (RESULTS / "what-holds.md").read_text(encoding="utf-8")
    assert page == render_what_holds(records)
    assert every(f"]({name}.md)" in page for name in records)
