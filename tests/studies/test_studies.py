"""Every study: its file, its smoke budget, its record, its page, its claims."""

from __future__ import annotations

from dataclasses import is_dataclass, replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

import nearfar.studies
from nearfar.records import StudyRecord
from nearfar.reports import render_study, write_study
from nearfar.studies import Study, find_study, run_studies, study_names
from nearfar.studies._found_studies import _built_in
from nearfar.studies._study import BUDGETS, given_by
from nearfar.studies._study_listing import list_studies
from tests.every import every
from tests.forked import forked
from tests.slow import mostly_slow

NAMES = _built_in()
FOLDER = Path(nearfar.studies.__file__).parent
MACHINERY = ("import multiprocessing", "import subprocess", "scipy", "pretrain(", "matplotlib")


@pytest.fixture(scope="session")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("studies")


LONG = {
    *("byol", "cpc", "decorrelation", "graphs", "infomax"),
    *("simsiam_components", "simsiam_variants", "statistics"),
}
"""Studies whose smallest budget takes more than 20 s; the full check runs them."""
IN_CI = [name for name in NAMES if name not in LONG | {"chance"}]


@pytest.fixture(scope="session", params=mostly_slow(NAMES, quick=["chance"], slow=IN_CI))
def smoke(request: pytest.FixtureRequest, cache: Path) -> tuple[Study[Any], StudyRecord]:
    study = find_study(request.param)
    with forked():
        (record,) = run_studies([(study, "smoke", study.smoke)], cache=cache, progress=str)
    return study, record


def test_there_are_studies() -> None:
    trained = {"align_or_uniform", "methods"}
    computed = {"chance", "coupon", "estimators", "many_negatives", "multi_view"}
    assert trained | computed | {"simsiam_gradients", "supervised_bounds"} <= set(NAMES)
    assert set(NAMES) <= set(study_names())


@pytest.mark.parametrize("name", NAMES)
def test_a_study_is_a_short_file_without_machinery(name: str) -> None:
    text = (FOLDER / f"{name}.py").read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 150
    assert [word for word in MACHINERY if word in text] == []


@pytest.mark.parametrize("name", NAMES)
def test_a_study_is_described_in_full(name: str) -> None:
    study = find_study(name)
    assert study.name == name
    assert study.ids
    assert study.source
    assert study.question.endswith("?")
    assert study.usual == "minutes"
    assert set(study.budgets) <= set(BUDGETS)
    for budget, size in study.budgets.items():
        assert is_dataclass(size.config)
        assert type(size.config) is type(study.smoke)
        if budget not in ("smoke", "gpu"):
            assert size.cpu_minutes is not None


@pytest.mark.parametrize("name", NAMES)
def test_rows_and_claims_of_the_usual_budget_go_together(name: str) -> None:
    study = find_study(name)
    config = study.config()
    rows = study.rows(config)
    names = [row.name for row in rows]
    assert len(set(names)) == len(names)
    assert every(row.cells for row in rows)
    claims = given_by(study.claims, config)
    assert claims
    assert every(set(claim.effect.rows) <= set(names) for claim in claims)
    assert every(claim.least is not None for claim in claims)


def test_a_study_of_another_package_is_found_by_its_entry_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.cli.test_study import OWN

    (tmp_path / "theirs.py").write_text(OWN, encoding="utf-8")
    (tmp_path / "theirs-1.0.dist-info").mkdir()
    for name, text in {
        "METADATA": "Metadata-Version: 2.1\nName: theirs\nVersion: 1.0\n",
        "entry_points.txt": "[nearfar.studies]\ntheir_study = theirs:STUDY\n"
        "broken = theirs:ABSENT\nnothing = theirs:doubled\n",
    }.items():
        (tmp_path / "theirs-1.0.dist-info" / name).write_text(text, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    assert {"their_study", "broken"} <= set(study_names())
    assert find_study("their_study").name == "own_study"
    assert find_study("theirs.STUDY").ids == ("X1",)
    listed = {row["name"]: row for row in list_studies([])}
    assert listed["their_study"]["ids"] == ("X1",)
    assert listed["broken"]["state"] == "cannot be imported"
    with pytest.raises(ValueError, match="must have an object STUDY"):
        find_study("nothing")


def test_the_smoke_budget_runs(smoke: tuple[Study[Any], StudyRecord]) -> None:
    _, record = smoke
    assert [why for row in record.rows for why in row.failures] == []
    assert every(row.values for row in record.rows)
    assert record.claims
    assert record.budget == "smoke"
    assert record.cells


def test_its_record_comes_back_from_json(smoke: tuple[Study[Any], StudyRecord]) -> None:
    _, record = smoke
    assert StudyRecord.from_json(record.to_json()) == record


def test_its_page_holds_what_a_reader_looks_for(
    smoke: tuple[Study[Any], StudyRecord], tmp_path: Path
) -> None:
    study, record = smoke
    page = write_study(record, tmp_path)
    text = page.read_text(encoding="utf-8")
    assert page.name == f"{study.name}-smoke.md"
    assert text.startswith(f"# {record.title}\n\n{study.question}\n")
    assert f"{', '.join(study.ids)}: {study.source}" in text
    assert "Budget `smoke`" in text
    assert record.command in text
    assert every(row.name in text for row in record.rows)
    assert every(claim.verdict in text for claim in record.claims)
    assert StudyRecord.load(page.with_suffix(".json")) == record
    drawn = page.with_suffix(".svg")
    if drawn.exists():
        assert f"({drawn.name})" in text
        assert ElementTree.fromstring(drawn.read_text(encoding="utf-8")).tag.endswith("svg")


def test_what_is_done_is_not_done_again(smoke: tuple[Study[Any], StudyRecord], cache: Path) -> None:
    study, record = smoke
    files = {path: path.stat().st_mtime_ns for path in cache.rglob("records/*.json")}
    told: list[str] = []
    (again,) = run_studies([(study, "smoke", study.smoke)], cache=cache, progress=told.append)
    assert len(told) == 1
    assert "already finished" in told[0]
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("records/*.json")} == files
    assert again.rows == record.rows
    assert again.claims == record.claims


def test_a_page_is_drawn_without_a_single_value(smoke: tuple[Study[Any], StudyRecord]) -> None:
    _, record = smoke
    empty = replace(record, rows=tuple(replace(row, values={}, words={}) for row in record.rows))
    assert render_study(empty).count("| not computed |") >= len(record.rows)
