"""Tables on terminals of any width: nothing is cut off."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from nearfar._verdict_names import COMPLETE, DIMENSIONAL, HEALTHY, NOTHING
from nearfar.api._comparing import compared
from nearfar.cli import main
from nearfar.cli._terminal_tables import print_health, print_rows, wrapped
from nearfar.records import HealthRecord, RunDirectory
from tests.reports.sample import health_record, sample_run

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


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[RunDirectory]:
    folder = tmp_path_factory.mktemp("runs")
    names = {
        "simclr-photos": HEALTHY,
        "alignment_uniformity-a_long-name.of-data-2": NOTHING,
        "cpc": COMPLETE,
        "b": DIMENSIONAL,
    }
    made = [sample_run(folder / name) for name in names]
    for directory, verdict in zip(made, names.values(), strict=True):
        replace(health_record(), verdict=verdict).save(directory.health)
    return made


@pytest.mark.parametrize("columns", [50, 60, 80, 100, 200])
def test_a_comparison_has_whole_verdicts_at_any_width_and_says_what_is_left_out(
    columns: int,
    runs: list[RunDirectory],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    assert main(["compare", *(str(run.path) for run in runs)]) == 0
    out = capsys.readouterr().out
    table, _, note = out.partition("note ")
    table = table.partition("ranking ")[0]
    assert max(map(len, table.splitlines())) <= columns
    assert "…" not in out
    at = next(line for line in table.splitlines() if "verdict" in line).index("verdict")
    column = " ".join(line[at:].split("   ")[0] for line in table.splitlines())
    words = " ".join(column.split())
    for verdict in (HEALTHY, NOTHING, COMPLETE, DIMENSIONAL):
        assert verdict in words
    columns_of_api = compared(runs[0].read_run(), runs[0].read_health() or health_record())
    missing = [
        name
        for name in columns_of_api
        if name not in table and any(word not in table for word in name.split("_"))
    ]
    assert not [name for name in missing if name.replace("_", " ") not in note and name not in note]
    assert bool(note) == (columns < 200)
    assert ("--json" in note) == bool(note)


def test_a_long_name_is_broken_at_its_hyphens_and_folders() -> None:
    lines = wrapped("runs/simclr-my_photos-2", 12).split("\n")
    assert lines == ["runs/simclr-", "my_photos-2"]
    assert "".join(wrapped("a" * 30, 12).split("\n")) == "a" * 30


@pytest.mark.parametrize("columns", [60, 80, 120])
def test_a_verdict_s_table_fits(
    columns: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    health: HealthRecord = health_record(collapsed=True)
    print_health(replace(health, samples=1, dim=1))
    out = capsys.readouterr().out
    table = out[out.index("\n") : out.index("\ntry")]
    assert "1 sample × 1 dimension" in table
    assert max(map(len, table.splitlines())) <= columns
