"""What a terminal and a notebook show of records: short, escaped, without scripts."""

from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from nearfar.api import Comparison, Run
from nearfar.api._comparing import compared
from nearfar.records import (
    AdviceRecord,
    ClaimRecord,
    Column,
    Exhibit,
    Finding,
    GalleryRecord,
    GalleryRow,
    Metrics,
    ProbeRecord,
    ProbeRow,
    Remedy,
    StudyRecord,
    StudyRow,
)
from nearfar.records._markup import shorten
from nearfar.records._notebook import chart, scale
from nearfar.theory import advise
from tests.every import every
from tests.reports.sample import (
    gallery_record,
    geometry_record,
    health_record,
    metric_lines,
    provenance,
    run_record,
    sample_run,
)
from tests.reports.test_html import HOSTILE

VOID = {"br", "hr", "img", "meta"}
BAD = " & ".join(HOSTILE)


class Reader(HTMLParser):
    """Tags, text and attributes of markup; fails if it is not balanced."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.texts: list[str] = []
        self.feed(markup)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes |= dict(attrs)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def probe_record() -> ProbeRecord:
    rows = (
        ProbeRow("trained encoder", 0.97, 0.98, 0.95),
        ProbeRow(f"raw {BAD}", 0.96, 0.94, 0.9),
    )
    return ProbeRecord(BAD, "five folds", 10, rows, majority=0.1, majority_class=BAD, notes=(BAD,))


def study_record() -> StudyRecord:
    return StudyRecord(
        study="methods",
        name="methods-x",
        title=BAD,
        claim="",
        setting={},
        config={},
        command="",
        columns=(Column("knn", "kNN", "percent"),),
        rows=(StudyRow(BAD, values={"knn": (0.5, 0.7)}),),
        provenance=provenance(),
        claims=(ClaimRecord(BAD, True, BAD),),
    )


def compare(folder: Path) -> Comparison:
    runs = [sample_run(folder / name, kind=name) for name in ("healthy", "collapsed")]
    rows = [compared(replace(run.read_run(), name=BAD), health_record()) for run in runs]
    return Comparison(rows, metrics=[run.read_metrics() for run in runs])


def displayed(folder: Path) -> dict[str, Any]:
    bad = Finding("m_o", 0.5, BAD, {BAD: 1.0, "centred": 0.0}, False)
    health = replace(health_record(collapsed=True), findings=(bad,), advice=(BAD,), notes=(BAD,))
    return {
        "health": health,
        "run record": replace(run_record(), name=BAD, data=BAD),
        "probe": probe_record(),
        "comparison": compare(folder),
        "advice": advise(batch_size=256, dim=128, temperature=0.2, prior=10, samples=1797),
        "study": study_record(),
        "run": Run(sample_run(folder / "a<b>", kind="collapsed").path),
    }


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return displayed(tmp_path_factory.mktemp("shown"))


NAMES = ["health", "run record", "probe", "comparison", "advice", "study", "run"]


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_gets_static_markup_with_everything_escaped(
    name: str, shown: dict[str, Any]
) -> None:
    read = Reader(shown[name]._repr_html_())
    assert not {"script", "style", "link", "iframe", "html", "body", "img", "object"} & {*read.tags}
    assert not [key for key in read.attributes if key.startswith("on") or key in ("href", "src")]
    if name not in ("advice", "run"):
        assert every(word in " ".join(read.texts) for word in HOSTILE[0].split())


@pytest.mark.parametrize("name", ["health", "probe", "comparison", "advice", "run"])
def test_a_notebook_gets_a_picture_that_needs_no_color_scheme(
    name: str, shown: dict[str, Any]
) -> None:
    markup = shown[name]._repr_html_()
    assert "<svg" in markup
    assert 'role="img" aria-label="' in markup
    colors = set(re.findall(r'(?:fill|stroke)="([^"]*)"', markup))
    assert not {"black", "white", "#000", "#fff", "#000000", "#ffffff"} & colors


@pytest.mark.parametrize("name", NAMES)
def test_repr_is_short(name: str, shown: dict[str, Any]) -> None:
    thing = shown[name]
    assert repr(thing) == str(thing)
    assert len(repr(thing).replace(BAD, "")) < 260
    assert "\n" not in repr(thing).replace(BAD, "")


def test_repr_states_the_verdict_and_the_key_numbers() -> None:
    expected = "alignment 0.211, uniformity −3.41, m_o 0.0312, effective_rank 58.1"
    assert repr(health_record()) == f"<healthy: 180 samples × 64 dimensions, loss 3.62, {expected}>"
    metrics = Metrics.of([line.to_json() for line in metric_lines()])
    assert repr(metrics) == "<metrics: 420 of training, 42 watched up to update 420>"
    assert repr(Metrics()) == "<metrics: 0 of training, 0 watched>"
    assert repr(Exhibit("x", png="A" * 1000)) == "<exhibit 'x': png>"
    assert len(repr(gallery_record())) < 60
    assert len(repr(geometry_record(samples=30))) < 80
    assert repr(AdviceRecord("batch 8", ())) == "<advice on batch 8: 0 predictions>"


def test_a_record_without_a_display_of_its_own_is_a_table_of_its_fields() -> None:
    row = GalleryRow(Exhibit(BAD), tuple(Exhibit(f"{n}.jpg", text="a") for n in range(12)))
    read = Reader(GalleryRecord(views=(row,) * 11)._repr_html_())
    words = " ".join(read.texts)
    assert "views, the first 10 of 11" in words
    assert "0.jpg" in words
    assert "11.jpg" not in words
    assert Reader(provenance()._repr_html_()).tags.count("tr") == 8  # the heading and the fields


def test_a_comparison_is_a_list_of_rows(tmp_path: Path) -> None:
    rows = compare(tmp_path)
    assert isinstance(rows, list)
    assert rows == [dict(row) for row in rows]
    assert rows[0]["verdict"] == "healthy"


def test_scales_and_charts_leave_out_what_cannot_be_drawn() -> None:
    assert scale(float("nan"), {"a": 1.0}, healthy=None) is None
    assert scale(1.0, {}, healthy=None) is None
    assert scale(0.0, {"zero": 0.0}, healthy=True) is not None
    assert chart("t", [("empty", [])], across="x") is None
    assert chart("t", [("one", [(0.0, float("inf"))])], across="x") is None
    drawn = chart("t", [("one", [(0.0, 1.0)]), ("two", [(0, 0), (1, 1)])], across="x")
    assert drawn is not None
    assert drawn.count("<circle") == 3  # a single point, and two marks of the legend
    assert drawn.count("<polyline") == 3  # two axes and a curve


@pytest.mark.parametrize(
    ("text", "most", "expected"),
    [
        ("short.jpg", 20, "short.jpg"),
        ("photos/2019/summer/lake_district/IMG_1234.jpg", 30, "photos/…district/IMG_1234.jpg"),
        ("x/" + "b" * 50 + ".jpg", 20, "x/bbbbbbbb…bbbbb.jpg"),
    ],
)
def test_a_name_is_cut_at_folders_and_keeps_its_end(text: str, most: int, expected: str) -> None:
    assert shorten(text, most) == expected


def test_a_remedy_is_quoted_for_a_shell() -> None:
    remedy = Remedy(option="mine", now=None, to="a b", why="try", against=())
    assert remedy.flag == "--method.mine 'a b'"
    assert Remedy(option="o", now=True, to=False, why="", against=()).flag == "--method.o=false"
    crops = Remedy(option="crop", now=(0.1, 1.0), to=(0.2, 1.0), why="", against=(), table="views")
    assert crops.flag == "--views.crop 0.2 1"
    assert crops.keywords == {"view_options": {"crop": (0.2, 1.0)}}
    rate = Remedy(option="learning_rate", now=1e-3, to=1e-4, why="", against=(), table="training")
    assert (rate.flag, rate.keywords) == ("--learning-rate 0.0001", {"learning_rate": 1e-4})
