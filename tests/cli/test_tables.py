"""Tables on terminals of any width: nothing is cut off."""

from __future__ import annotations

import re

import pytest

from nearfar.cli._terminal_tables import print_rows

ROWS = [
    {
        "run": "/home/somebody/experiments/" + "deeper/" * 12 + "simclr-digits",
        "method": "simclr",
        "views": "2 large and 6 small crops of each image",
        **{f"measurement_{k}": 1234.5 + k for k in range(9)},
    },
    {"run": "b", "method": "vicreg", "views": "two views", "more": True},
]
CELLS = ["simclr", "vicreg", "crops", "1.24e+03", "measurement", "yes", "two views"]


@pytest.mark.parametrize("columns", [30, 40, 60, 80, 120, 200])
def test_every_cell_is_printed_whole_at_any_width(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    print_rows(ROWS)
    out = capsys.readouterr().out
    assert "…" not in out
    assert max(map(len, out.splitlines())) <= columns
    missing = [text for text in CELLS if text not in out]
    assert not missing
    lines = out.splitlines()
    heading = next(line for line in lines if "method" in line)
    width = heading.index("method")
    # only the first table's: in the next ones the column may have another width
    table = lines[: next((n for n, line in enumerate(lines) if n > 3 and not line.strip()), None)]
    assert "simclr-digits" in re.sub(r"\s", "", "".join(line[:width] for line in table))


def test_a_table_that_fits_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_rows([{"name": "a", "value": 1}, {"name": "b", "value": None}], title="two rows")
    out = capsys.readouterr().out
    assert out.count("name") == 1
    assert out.startswith("two rows")


def test_no_rows_are_an_empty_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([])
    assert not capsys.readouterr().out.strip()
