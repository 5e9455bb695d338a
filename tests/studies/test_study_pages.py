"""Pages and figures of studies, drawn from made-up records."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from nearfar.records import (
    CellRecord,
    ClaimRecord,
    Column,
    StudyFigure,
    StudyRecord,
    StudyRow,
    StudySeries,
)
from nearfar.reports import (
    render_study,
    render_study_lines,
    render_what_holds,
    study_cell,
    write_study,
    write_what_holds,
)
from nearfar.studies import Budget, ComputeCell, ReadingLines, Row, RowLines, RowPoints, Study
from nearfar.studies._cell_store import CellStore
from nearfar.studies._study_tables import record_of_study
from tests.every import every
from tests.studies.made_up import HERE, double, record, row

CLAIMS = (
    ClaimRecord(
        "a | beats b", True, "linear, a − b", effect=3.0, low=1.0, high=5.0, unit="points",
        published="4.9",
    ),
    ClaimRecord("a falls", None, effect=0.5, low=-1.0, high=2.0, seeds=3, seeds_needed=14),
    ClaimRecord("a is exact", False, effect=2e-3, low=2e-3, high=2e-3),
)  # fmt: skip


def full(**more: object) -> StudyRecord:
    return replace(
        record([row("a", 0.5, 0.6), replace(row("b", 0.4), seeds=3)]),
        claims=CLAIMS,
        ids=("B1", "B8"),
        source="Someone 2020, Table 1",
        budget="minutes",
        changes=("smaller images",),
        cpu_seconds=90.0,
        cells=5,
        **more,
    )


def test_a_page_has_source_cost_claims_and_differences() -> None:
    text = render_study(full())
    assert "B1, B8: Someone 2020, Table 1. Budget `minutes`, 5 cells, 1.5 CPU minutes." in text
    assert "| a \\| beats b | **held** | +3 [1, 5] points | 4.9 | linear, a − b |" in text
    assert "**undecided**: 14 seeds would decide | +0.5 [−1, 2]" in text
    assert "| a is exact | **not held** | +0.002 |" in text
    assert "## Differences from the source\n\n* smaller images" in text
    assert "hold together with a probability of 95 %" in text.replace("\n", " ")
    assert "`b` (1 of 3 seeds)" in text


def test_a_failed_row_is_shown_and_the_record_does_not_hold() -> None:
    failed = StudyRow("byol", seeds=2, failures=("seed 0: ValueError: a | b", "seed 1: no"))
    made = record([row("simclr", 0.4, 0.5), failed])
    assert not made.held
    text = render_study(made)
    assert "| `byol` | failed |" in text
    assert "* byol, seed 0: ValueError: a | b" in text


def test_cells_of_a_table_show_mean_and_spread() -> None:
    percent, words = Column("linear", "", "percent"), Column("verdict", "", "words")
    assert study_cell(row("a", 0.5, 0.7), percent) == "60.0 ± 14.1"
    assert study_cell(row("a", 0.5), percent) == "50.0"
    assert study_cell(StudyRow("a", words={"verdict": ("fine", "fine")}), words) == "fine"
    assert study_cell(StudyRow("a"), words) == "–"


def test_a_page_without_anything_to_draw_has_no_figure(tmp_path: Path) -> None:
    plain = replace(full(), columns=(Column("linear", "x", "number"),))
    page = write_study(plain, tmp_path)
    assert not page.with_suffix(".svg").exists()
    assert "![" not in page.read_text(encoding="utf-8")


FIGURE = StudyFigure(
    kind="lines",
    title="Two <lines>",
    x_title="draws",
    y_title="probability",
    series=(
        StudySeries("first", (1.0, 10.0, 100.0), (0.1, 0.5, 0.9), spread=(0.0, 0.1, 0.05)),
        StudySeries("second", (1.0, 100.0), (0.2, 0.3)),
    ),
    log_x=True,
)


def positions(drawing: str, color: str) -> list[tuple[float, float]]:
    circles = re.findall(rf'cx="([\d.]+)" cy="([\d.]+)" r="3" fill="{color}"', drawing)
    return [(float(x), float(y)) for x, y in circles]


def test_lines_are_drawn_on_their_scales() -> None:
    drawing = render_study_lines(FIGURE)
    tree = ElementTree.fromstring(drawing)
    assert tree.get("aria-label") == (
        "Two <lines>. probability against draws; first: 0.1 at 1, 0.9 at 100;"
        " second: 0.2 at 1, 0.3 at 100"
    )
    (x1, y1), (x2, y2), (x3, y3) = positions(drawing, "#3f9bb8")
    assert x2 - x1 == pytest.approx(x3 - x2, abs=0.2)  # logarithmic
    assert y1 - y2 == pytest.approx(y2 - y3, abs=0.2)
    assert y1 > y2  # larger values are higher
    assert drawing.count("<polyline") == 2
    assert "first</text>" in drawing


def test_points_have_no_line_and_say_their_names() -> None:
    points = StudySeries("all", (1.0, 2.0), (3.0, 4.0), labels=("one", "two"))
    drawing = render_study_lines(replace(FIGURE, kind="points", series=(points,), log_x=False))
    assert "<polyline" not in drawing
    assert "<title>one, 1: 3</title>" in drawing


def test_bars_are_the_intervals_and_stay_in_the_picture() -> None:
    shares = StudySeries("shares", (0.1, 0.9), (0.0, 1.0), low=(0.0, 0.7), high=(0.3, 1.0))
    text = render_study_lines(StudyFigure("lines", "Shares.", "x", "share", (shares,)))
    assert ">1.2<" not in text
    assert ">−0.2<" not in text
    bars = re.findall(r'y1="([0-9.]+)" x2="[0-9.]+" y2="([0-9.]+)"[^>]*stroke-width="1.6"', text)
    assert [float(y1) - float(y2) for y1, y2 in bars] == pytest.approx([126, 126], abs=0.2)


def test_long_labels_of_a_logarithmic_axis_have_room() -> None:
    counts = StudySeries("counts", (1.0, 2.0), (1.0, 1e7))
    text = render_study_lines(StudyFigure("lines", "Counts.", "x", "count", (counts,), log_y=True))
    (right,) = re.findall(r'<text x="([0-9.]+)"[^>]*>10,000,000<', text)
    assert float(right) >= 28 + 6.5 * len("10,000,000") - 6


def test_a_bar_in_a_title_does_not_end_a_cell() -> None:
    found = full(columns=(Column("a", "|x|", "number"),), rows=(StudyRow("a|b", {"a": (1.0,)}),))
    lines = [line for line in render_study(found).splitlines() if line.startswith("|")]
    assert len({line.replace("\\|", "").count("|") for line in lines[:3]}) == 1


@pytest.mark.parametrize(
    "series",
    [
        (),
        (StudySeries("one", (5.0,), (5.0,)),),
        (StudySeries("flat", (1.0, 2.0), (0.0, 0.0)),),
        (StudySeries("not on a logarithmic axis", (-1.0, 1.0), (float("inf"), 2.0)),),
        tuple(StudySeries(str(i), (1.0, 2.0), (i, i + 1.0)) for i in range(20)),
    ],
)
def test_a_figure_of_anything_can_be_drawn(series: tuple[StudySeries, ...]) -> None:
    drawing = render_study_lines(replace(FIGURE, series=series))
    assert ElementTree.fromstring(drawing).tag.endswith("svg")
    assert "nan" not in drawing


ROWS = [
    StudyRow("a 1", values={"x": (1.0, 1.0), "y": (2.0, 4.0)}, group="a"),
    StudyRow("a 2", values={"x": (2.0, 2.0), "y": (3.0, 3.0)}, group="a"),
    StudyRow("b 1", values={"x": (1.0,), "y": (9.0,)}, group="b"),
    StudyRow("none", group="b"),
]
AXES = {"title": "T", "x": "x", "y": {"y": "why"}, "x_title": "x", "y_title": "y"}


def test_rows_of_a_group_are_a_line() -> None:
    figure = RowLines(**AXES).draw(ROWS, {})
    assert [series.name for series in figure.series] == ["a", "b"]
    assert figure.series[0].x == (1.0, 2.0)
    assert figure.series[0].y == (3.0, 3.0)
    assert figure.series[0].spread == pytest.approx((2**0.5, 0))
    assert figure.series[1].spread == ()


def test_rows_are_points() -> None:
    figure = RowPoints(**AXES).draw(ROWS, {})
    assert figure.kind == "points"
    assert figure.series[0].labels == ("a 1", "a 2")


def test_readings_of_a_row_are_a_line_over_seeds() -> None:
    def reads(*ys: float) -> CellRecord:
        readings = tuple({"x": x, "y": y} for x, y in enumerate(ys))
        return CellRecord("f", 0, "k", HERE, readings=(*readings, {"x": 9, "y": None}))

    figure = ReadingLines(**AXES).draw(ROWS, {"a 1": [reads(1, 2), reads(3, 4)]})
    (series,) = figure.series
    assert (series.name, series.x, series.y) == ("a 1", (0.0, 1.0), (2.0, 3.0))


def test_a_table_is_made_of_cells_and_given_values(tmp_path: Path) -> None:
    from dataclasses import dataclass

    @dataclass(frozen=True)
    class Config:
        data: str = "digits"

    cell = ComputeCell(double, {"x": 1.0})
    missing = ComputeCell(double, {"x": 2.0})
    made = Study(
        name="own",
        ids=("X1",),
        source="nobody",
        question="Why?",
        title="Own",
        budgets={"smoke": Budget(config=Config())},
        rows=lambda config: [],
        columns=(Column("x", "x"), Column("double", "double"), Column("paper", "paper", "words"),
                 Column("never", "never")),
        claims=(),
    )  # fmt: skip
    store = CellStore(tmp_path)
    store.write(cell, replace(cell.make(tmp_path, None), notes=("careful",)))
    store.fail(missing, "no memory")
    rows = [
        Row("one", [cell], values={"x": 3}, words={"paper": "2.1"}, group="g"),
        Row("two", [missing]),
    ]
    found = record_of_study(made, Config(data="photos/birds"), "smoke", rows, store)
    assert [column.key for column in found.columns] == ["x", "double", "paper"]
    assert found.name == "own-smoke-birds"
    assert found.command == "nearfar study own --budget smoke --data photos/birds"
    assert found.rows[0].values["double"] == (2.0,)
    assert found.rows[0].values["x"] == (3.0,)
    assert found.rows[0].words["paper"] == ("2.1",)
    assert found.rows[1].failures == ("seed 0: no memory",)
    assert found.setting == {"data": "photos/birds"}
    assert found.cells == 1
    assert "one: careful" in found.notes
    assert any(note.startswith("1 cell computed by nearfar") for note in found.notes)


def test_all_claims_are_on_one_page(tmp_path: Path) -> None:
    later = replace(full(), ids=("C2",), title="Later", claims=CLAIMS[:1])
    first, smoke = full(), replace(full(), budget="smoke", title="Smoke")
    text = render_what_holds({"z": later, "a": first, "s": smoke})
    assert "4 claims: 2 held, 1 not held, 1 undecided." in text
    assert text.index("## X") < text.index("## Later")  # by the numbers of the claims
    assert "Smoke" not in text  # proves nothing
    assert "[Page](a.md), budget `minutes`" in text
    assert "+3 [1, 5] points (paper: 4.9)" in text
    write_study(replace(first, name="x-minutes"), tmp_path)
    (tmp_path / "other.json").write_text("[1]", encoding="utf-8")
    page = write_what_holds(tmp_path)
    assert "3 claims" in page.read_text(encoding="utf-8")
    assert every(claim.verdict in page.read_text(encoding="utf-8") for claim in CLAIMS)
