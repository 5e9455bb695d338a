"""The tables of results in the documentation are what their records say."""

from __future__ import annotations

from pathlib import Path

import pytest

from nearfar.records import StudyRecord
from nearfar.reports import write_study

RESULTS = Path(__file__).parents[2] / "docs" / "results"
RECORDS = sorted(RESULTS.glob("*.json"))


def test_there_are_results() -> None:
    assert RECORDS


@pytest.mark.parametrize("path", RECORDS, ids=lambda path: path.stem)
def test_a_page_is_what_its_record_renders(path: Path, tmp_path: Path) -> None:
    page = write_study(StudyRecord.load(path), tmp_path)
    assert path.with_suffix(".md").read_text(encoding="utf-8") == page.read_text(encoding="utf-8")
