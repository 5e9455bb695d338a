"""The table of what nearfar reads has no wrong cell, and would show one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import what_is_read
from reading_case import Case, Outcome


@pytest.mark.slow
def test_every_cell_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert what_is_read.main([]) == 0
    shown = capsys.readouterr().out
    assert "| JPEG | 8 bits, CMYK (Adobe) | exact | exact |" in shown
    page = what_is_read.PAGE.read_text()
    assert [row for row in rows_of(shown) if row not in rows_of(page)] == []


def rows_of(text: str) -> list[list[str]]:
    """Format and content of each row of the tables."""
    return [line.split("|")[1:3] for line in text.splitlines() if line.startswith("| ")]


def test_a_wrong_cell_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    class Planted:
        @staticmethod
        def cases() -> list[Case]:
            def broken(folder: Path) -> Outcome:
                raise RuntimeError("planted")

            right = Outcome(True, "exact")
            return [
                Case("Images", "PNG", "8 bits", "folder", lambda folder: right),
                Case("Images", "PNG", "8 bits", "bytes", broken),
            ]

    monkeypatch.setattr(what_is_read, "MODULES", (Planted,))
    assert what_is_read.main([]) == 1
    shown = capsys.readouterr()
    assert "| PNG | 8 bits | exact | **wrong**: RuntimeError: planted |" in shown.out
    assert "wrong: Images, PNG, 8 bits, bytes: RuntimeError: planted" in shown.err


def test_the_tables_of_the_page_are_replaced(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(f"before\n{what_is_read.START}\nold\n{what_is_read.END}\nafter\n")
    what_is_read.write(page, "new")
    assert page.read_text() == (
        f"before\n{what_is_read.START}\n\nnew\n\n{what_is_read.END}\nafter\n"
    )
