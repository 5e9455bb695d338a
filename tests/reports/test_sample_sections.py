"""The parts of a report on single samples: evidence, local structure, map, encoders, views."""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import json
import math
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from nearfar.records import (
    EncodersRecord,
    Exhibit,
    GalleryRow,
    GeometryRecord,
    Metrics,
    NamedSamples,
    ViewsRecord,
    WatchMetrics,
)
from nearfar.reports import render_comparison, render_health, render_report, render_views
from nearfar.reports._curves import figures_of
from nearfar.reports._plane import RunPath, plane_figure
from tests.every import every
from tests.reports.sample import (
    gallery_record,
    geometry_record,
    health_record,
    metric_lines,
    picture,
    sample_run,
)
from tests.reports.test_html import HOSTILE, read
from tests.reports.test_report import body, figures, titles


def part(report: str, name: str) -> str:
    start = report.index(f'<section id="{name}"')
    return report[start : report.index("</section>", start)]


def maps(report: str) -> list[dict[str, Any]]:
    return [found for found in figures(report) if "map" in found]


def test_findings_show_their_samples_and_name_all(tmp_path: Path) -> None:
    evidence = part(render_report(sample_run(tmp_path / "run")), "evidence")
    text = read(evidence).text
    assert "Samples on one point: 11 of 180 examined." in text
    assert "Second view not found: 37 of 180 examined." in text
    assert "All names, the first 30 of 37" in text
    assert evidence.count('<div class="exhibits">') == 3  # two groups, one list
    assert evidence.count("<img") == 2 + 6 + 12
    for named in health_record().named_samples:
        assert every(name in text for name in named.ids)
    assert "(90% of the others are nearer)" in text


def test_without_pictures_the_names_are_open_if_they_are_few() -> None:
    page = body(render_health(health_record()))
    few, many = re.findall(r"<details[^>]*>", part(page, "evidence"))
    assert "open" in few
    assert "open" not in many
    nothing = dataclasses.replace(health_record(), named_samples=())
    assert 'id="evidence"' not in body(render_health(nothing))


def page_with(text: str) -> str:
    """A page with a text from outside at all places of named samples and maps."""
    named = NamedSamples("alignment", text, (text, "b"), (0, 1), (1.0, 0.5), text, total=2)
    health = dataclasses.replace(health_record(), named_samples=(named,))
    geometry = dataclasses.replace(geometry_record(samples=20), ids=(text,) * 20)
    return render_health(health, geometry, samples=(Exhibit(text, text=text),))


@pytest.mark.parametrize("text", HOSTILE)
def test_names_of_samples_stay_text(text: str) -> None:
    shown = page_with(text)
    shown.encode("utf-8")
    page = read(body(shown))
    assert set(page.tags) <= {*read(body(page_with("photos/a_b.png · 3"))).tags}
    assert not [name for name in page.attributes if name.startswith("on")]
    assert body(shown).count("<script") == len(titles(shown)) + 1


def test_a_map_has_every_point_with_name_picture_and_readings() -> None:
    geometry = geometry_record(samples=100)
    gallery = gallery_record()
    (drawn,) = maps(render_health(health_record(), geometry, samples=gallery.samples))
    points, marked = drawn["data"]
    assert points["x"] == pytest.approx([x for x, _ in geometry.layout], abs=1e-4)
    assert marked["x"] == []
    found = drawn["map"]
    assert found["names"] == list(geometry.ids)
    known = {each.caption: each.png for each in gallery.samples}
    assert found["pictures"] == [known.get(name, "") for name in geometry.ids]
    assert any(found["pictures"])
    assert [reading["title"] for reading in found["readings"]] == [
        "neighbours in common",
        "local dimension",
        "length, in medians",
        "others nearer than the second view",
        "second view",
    ]
    for reading in found["readings"]:
        assert len(reading["values"]) == len(reading["shown"]) == 100
        assert reading["low"] < reading["high"]
    dimension, partner = found["readings"][1], found["readings"][4]
    assert (dimension["values"][5], dimension["shown"][5]) == (None, "–")
    ranks = geometry.readings["partner_rank"]
    assert partner["values"] == [float(rank <= 0.05) for rank in ranks]
    assert partner["shown"] == ["found" if rank <= 0.05 else "not found" for rank in ranks]


def test_a_map_can_be_read_without_eyes_and_mouse() -> None:
    geometry = geometry_record(samples=100)
    page = body(render_health(health_record(), geometry))
    shown = part(page, "map")
    assert 'tabindex="0" role="group" aria-label="Map. Arrow keys' in shown
    assert 'aria-live="polite"' in shown
    assert re.search(
        r"<label>Colour <select>(<option[^>]*>[^<]+</option>){5}</select></label>", shown
    )
    assert re.search(r'<label>Find <input type="search" list="([\w-]+)"', shown)
    values = geometry.readings["length"]
    longest = geometry.ids[int(np.argmax(values))]
    row = shown[shown.index("length, in medians</th>") :]
    highest = row[: row.index("</tr>")].split("<td")[2]
    assert highest.index(longest) < 40


def test_an_older_record_is_drawn_along_principal_directions(tmp_path: Path) -> None:
    geometry = geometry_record(samples=50)
    values = json.loads(geometry.to_json())
    for name in (
        "samples",
        "layout",
        "readings",
        "representation_dim",
        "representation_eigenvalues",
    ):
        del values[name]
    old = GeometryRecord.of_values(values)
    page = render_health(dataclasses.replace(health_record(), measurements={}), old)
    (drawn,) = maps(page)
    assert drawn["data"][0]["x"] == pytest.approx([p[0] for p in geometry.points], abs=1e-4)
    assert drawn["map"]["readings"] == []
    assert "<select" not in part(body(page), "map")
    assert "Not measured: this run has neither" in body(page)


def test_ten_thousand_samples_with_pictures_are_a_page_of_three_megabytes() -> None:
    rng = np.random.default_rng(0)
    base = geometry_record(samples=2_000)
    long_names = tuple(f"photos/2019/summer/lake_district/IMG_{row:06}.jpg" for row in range(2_000))
    geometry = dataclasses.replace(base, ids=long_names, samples=10_000)
    noise = [rng.integers(0, 256, 1_000, dtype=np.uint8).tobytes() for _ in range(256)]
    samples = tuple(
        Exhibit(name, png=base64.b64encode(pixels).decode())
        for name, pixels in zip(long_names, noise, strict=False)
    )
    page = render_health(health_record(), geometry, samples=samples)
    assert "2,000 of 10,000 samples, evenly spaced" in page
    assert len(page.encode("utf-8")) < 3_000_000


def test_the_library_is_stored_whole_and_allowed_by_its_hash() -> None:
    from plotly.offline import get_plotlyjs

    page = render_health(health_record())
    stored = re.search(r'<script type="text/plain" id="library" data-size="(\d+)">([^<]*)<', page)
    assert stored is not None
    unpacked = zlib.decompress(base64.b64decode(stored[2]), -zlib.MAX_WBITS)
    assert unpacked.decode("utf-8") == get_plotlyjs()
    assert len(unpacked) == int(stored[1])
    digest = base64.b64encode(hashlib.sha256(unpacked).digest()).decode()
    assert f"script-src &#x27;sha256-{digest}&#x27;" in page


def test_the_plane_has_the_path_and_its_reference_points(tmp_path: Path) -> None:
    plane = next(
        f for f in figures(render_report(sample_run(tmp_path / "r"))) if len(f["data"]) == 2
    )
    references, path = plane["data"]
    assert references["text"] == [
        "complete collapse",
        "views unrelated, uniform",
        "aligned, uniform",
    ]
    assert (references["x"], references["y"]) == ([0, 2, 0], [0, -3.875, -3.875])
    low, high = plane["layout"]["xaxis"]["range"]
    assert low < min(references["x"])
    assert max(references["x"]) < high
    assert path["marker"]["size"][-1] == 11


def test_a_run_without_metrics_is_a_point_in_the_plane_of_others() -> None:
    lines = tuple(line for line in metric_lines() if isinstance(line, WatchMetrics))
    runs = [
        RunPath("path", "--run0", Metrics(watch=lines), health_record()),
        RunPath("point", "--run1", Metrics(), health_record(collapsed=True)),
        RunPath("nothing", "--run2", Metrics()),
    ]
    figure = plane_figure(runs)
    assert figure is not None
    _, path, point = figure.data
    assert len(path["x"]) > 10
    assert (point["name"], point["x"], point["y"]) == ("point", [0.006], [-0.07])
    assert plane_figure(runs[2:]) is None


def test_readings_of_both_spaces_are_drawn_where_they_are(tmp_path: Path) -> None:
    lines = tuple(
        WatchMetrics(
            step=step,
            epoch=step / 10,
            order=0.6,
            representation_order=0.7,
            representation_rank=12.0,
            representation_m_o=0.8,
            representation_m_r=0.5,
            dimension_correlation=0.2,
            m_o=0.1,
            m_r=0.9,
            effective_rank=30.0,
            dim=64,
            samples=180,
        )
        for step in range(5)
    )
    drawn = figures_of(Metrics(watch=lines), health=None, chance=None)
    names = {title: [trace["name"] for trace in figure.data] for title, figure in drawn.items()}
    representation = ["m_o, representation", "m_r, representation"]
    assert names["centre m_o"] == ["m_o", "m_r", *representation]
    assert names["order"] == ["projection", "representation"]
    assert names["effective rank"] == ["projection", "representation"]
    assert drawn["dimension correlation"].data[0]["y"] == [0.2] * 5
    old = tuple(line for line in metric_lines() if isinstance(line, WatchMetrics))
    before = figures_of(Metrics(watch=old), health=None, chance=None)
    assert not {"order", "dimension correlation"} & before.keys()


def test_the_local_dimension_and_retrieval_have_their_numbers() -> None:
    geometry = geometry_record()
    page = render_health(health_record(), geometry)
    drawn = dict(zip(titles(page), figures(page), strict=True))
    bars = drawn["Local dimension"]["data"][0]
    known = [v for v in geometry.readings["local_dimension"] if math.isfinite(v)]
    assert sum(bars["y"]) == len(known)
    retrieval = drawn["Retrieval of the second view"]["data"]
    assert [trace["name"] for trace in retrieval] == ["projection", "chance"]
    assert retrieval[0]["y"] == [0.62, 0.88, 0.97]
    assert retrieval[1]["y"] == pytest.approx([1 / 180, 5 / 180, 0.5], rel=1e-3)
    inner = health_record().measurements | {"representation_recall_1": 0.4}
    more = render_health(dataclasses.replace(health_record(), measurements=inner), geometry)
    drawn = dict(zip(titles(more), figures(more), strict=True))
    names = [trace["name"] for trace in drawn["Retrieval of the second view"]["data"]]
    assert names == ["projection", "representation", "chance"]


def test_encoders_are_side_by_side_with_linked_maps(tmp_path: Path) -> None:
    runs = [sample_run(tmp_path / name) for name in ("one", "two")]
    drawn = geometry_record(samples=40)
    encoders = EncodersRecord(
        runs=("one", "two"),
        data="digits",
        samples=40,
        neighbors=10,
        overlap=((1.0, 0.431), (0.431, 1.0)),
        cka=((1.0, -0.012), (-0.012, 1.0)),
        geometries=(drawn, drawn),
        notes=("three is left out: no data",),
    )
    page = render_comparison(runs, encoders=encoders)
    shown = part(page, "encoders")
    text = read(shown).text
    assert "43%" in text
    assert "−0.01" in text
    assert "25.6% by chance" in text
    assert "three is left out: no data" in text
    assert len(maps(page)) == 2
    assert len(set(re.findall(r'<datalist id="([\w-]+)"', shown))) == 2
    alone = render_comparison(runs, encoders=EncodersRecord(notes=("two is left out",)))
    assert "Fewer than two runs embed the same samples." in alone
    assert 'id="encoders"' not in render_comparison(runs)


def test_a_contact_sheet_has_a_row_per_sample_and_no_script() -> None:
    exhibit = picture(np.zeros((8, 8)), "view 1")
    rows = tuple(GalleryRow(Exhibit(f"row {n}", png=exhibit.png), (exhibit,) * 6) for n in range(3))
    record = ViewsRecord("digits", "simclr", 2, 3, "ImageViews(size=16)", rows, ("a note",))
    page = render_views(record)
    assert page.count('<div class="row">') == 3
    assert page.count("<img") == 21
    assert "2 views, drawn 3 times" in page
    assert "ImageViews(size=16)" in page
    assert "a note" in page
    assert "<script" not in page
    assert record._repr_html_().count("<img") == 21
    assert "<script" not in record._repr_html_()
