"""The table of what nearfar reads has no wrong cell, and would show one."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

for library in ("h5py", "networkx", "pandas", "polars", "pyarrow", "scipy", "soundfile", "zarr"):
    pytest.importorskip(library)
pytest.importorskip("torch_geometric")

import what_is_read  # noqa: E402  (needs the libraries)
from reading_case import Case, Outcome  # noqa: E402


@pytest.mark.full
def test_every_cell_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    assert what_is_read.main([]) == 0
    shown = capsys.readouterr().out
    for row in (
        "| JPEG | 8 bits, CMYK (Adobe) | exact | exact |",
        "| CSV | decimal commas | refused | exact |",
        "| edge list, CSV | weight first | exact | exact | exact | exact |",
        "| WAV | 16 bits, channels in opposite phase | exact | exact |",
        "| .npy | Fortran order | exact | exact | exact |",
    ):
        assert row in shown
    written = rows_of(what_is_read.PAGE.read_text().partition(what_is_read.START)[2])
    made = rows_of(shown)
    assert [row for row in made if row not in written] == []
    absent = {row.split(" | ")[0] for row in written if row not in made}
    assert absent <= CODECS


CODECS = {"AVIF", "QOI", "JPEG 2000", "MPO", "WAV", "AIFF", "FLAC", "OGG", "MP3"}
"""Formats of which libraries of other versions lack some."""


def rows_of(text: str) -> list[str]:
    """The rows of the tables, without the size of differences, which depends on versions."""
    lines = [line[2:] for line in text.splitlines() if line.startswith(("| ", "## "))]
    return [re.sub(r"≤ [0-9.e-]+", "≤", line) for line in lines]


def test_rows_differ_in_cells_but_not_in_the_size_of_differences() -> None:
    assert rows_of("| a | ≤ 0.002 |") == rows_of("| a | ≤ 7.6e-06 |") != rows_of("| a | exact |")


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
