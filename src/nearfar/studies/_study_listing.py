"""The list of studies, with the state of their pages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from nearfar._signs import counted
from nearfar.records import StudyRecord
from nearfar.studies._found_studies import find_study, study_names
from nearfar.studies._study import BUDGETS

__all__ = ["list_studies", "record_in"]


def list_studies(folders: Sequence[Path]) -> list[dict[str, Any]]:
    """One entry per study: ``name``, ``ids``, ``source``, ``question``, budgets, page and state.

    Args:
        folders: Where pages may be.

    Example:
        >>> [row["ids"] for row in list_studies([]) if row["name"] == "coupon"]
        [('A1', 'A2')]
    """
    rows: list[dict[str, Any]] = []
    for name in study_names():
        try:
            study = find_study(name)
        except ValueError as error:  # of another package
            rows.append(_broken(name, str(error)))
            continue
        page, record = _page_in(folders, study.name)
        rows.append(
            {
                "name": name,
                "ids": study.ids,
                "source": study.source,
                "question": study.question,
                "cpu_minutes": {key: one.cpu_minutes for key, one in study.budgets.items()},
                "page": "" if page is None else str(page.with_suffix(".md")),
                "state": "none" if record is None else _state(record),
            }
        )
    return rows


def record_in(folders: Sequence[Path], study: str) -> StudyRecord | None:
    """The record of a study with the largest budget, if there is one."""
    return _page_in(folders, study)[1]


def _page_in(folders: Sequence[Path], study: str) -> tuple[Path | None, StudyRecord | None]:
    found = [(path, record) for path, record in _records(folders) if record.study == study]
    if not found:
        return None, None
    return max(found, key=lambda pair: (pair[1].budget in BUDGETS, _rank(pair[1].budget)))


def _rank(budget: str) -> int:
    return BUDGETS.index(budget) if budget in BUDGETS else 0


def _records(folders: Sequence[Path]) -> Iterator[tuple[Path, StudyRecord]]:
    for folder in folders:
        for path in sorted(folder.glob("*.json")):
            try:
                yield path, StudyRecord.load(path)
            except (ValueError, TypeError):  # another JSON file
                continue


def _state(record: StudyRecord) -> str:
    words = ("held", "not held", "undecided")
    counts = {word: sum(claim.verdict == word for claim in record.claims) for word in words}
    shown = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    failed = sum(len(row.failures) for row in record.rows)
    said = f", {counted(failed, 'cell')} failed" if failed else ""
    return f"{record.budget or 'of 0.1'}: {shown or 'no claims'}{said}"


def _broken(name: str, why: str) -> dict[str, Any]:
    return {
        "name": name,
        "ids": (),
        "source": "",
        "question": why,
        "cpu_minutes": {},
        "page": "",
        "state": "cannot be imported",
    }
