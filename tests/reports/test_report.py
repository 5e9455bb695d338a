from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nearfar.records import (
    Exhibit,
    GalleryRecord,
    GalleryRow,
    HealthRecord,
    RunDirectory,
    WatchMetrics,
)
from nearfar.reports import (
    plot_run,
    render_comparison,
    render_health,
    render_report,
    write_plot,
    write_report,
)
from nearfar.reports._figure import Figure
from nearfar.reports._page import page
from tests.every import every
from tests.reports.sample import (
    geometry_record,
    health_record,
    metric_lines,
    run_record,
    sample_run,
    write_metrics,
)
from tests.reports.test_html import HOSTILE, read

SECTIONS = [
    "verdict",
    "numbers",
    "evidence",
    "training",
    "hypersphere",
    "distances",
    "spectrum",
    "structure",
    "map",
    "views",
    "neighbors",
    "recipe",
    "provenance",
    "notes",
]


def expected(*, health: bool) -> list[str]:
    """The sections; without a verdict there are no samples behind its findings."""
    return [name for name in SECTIONS if health or name != "evidence"]


def body(report: str) -> str:
    """The page without its style and its two scripts."""
    without = re.sub(r"<style>.*?</style>", "", report, flags=re.DOTALL)
    return re.sub(r"<script>.*?</script>", "", without, flags=re.DOTALL)


def figures(report: str) -> Iterator[dict[str, Any]]:
    for text in re.findall(r'<script type="application/json">(.*?)</script>', body(report)):
        yield json.loads(text)


def titles(report: str) -> list[str]:
    return re.findall(r"<figure><h3>(.*?)</h3>", body(report))


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> RunDirectory:
    return sample_run(tmp_path_factory.mktemp("runs") / "simclr-digits")


@pytest.fixture(scope="module")
def report(healthy: RunDirectory) -> str:
    return render_report(healthy)


def test_a_report_has_every_section_in_order_with_one_heading_each(report: str) -> None:
    assert re.findall(r'<section id="(\w+)"', body(report)) == SECTIONS
    assert re.findall(r'<h2 id="(\w+)-heading"', body(report)) == SECTIONS
    assert body(report).count("<h1>") == 1


def test_a_report_draws_every_figure_the_records_allow(report: str) -> None:
    assert titles(report) == [
        "Loss",
        "Trajectories during training",
        "Alignment",
        "Uniformity",
        "Centre and residual",
        "Effective rank",
        "Learning rate",
        "Density in two directions",
        "Points in three directions",
        "Distance on the sphere",
        "Eigenvalues",
        "Eigenvalues of the representation",
        "Local dimension",
        "Retrieval of the second view",
        "Samples",
    ]


def test_plotly_takes_every_figure_as_it_is(healthy: RunDirectory, tmp_path: Path) -> None:
    from plotly import graph_objects

    collapsed = sample_run(tmp_path / "collapsed", kind="collapsed")
    pages = [
        render_report(healthy),
        render_report(collapsed),
        render_comparison([healthy, collapsed]),
        render_health(health_record(), geometry_record(dim=2)),
    ]
    drawn = [figure for each in pages for figure in figures(each)]
    assert len(drawn) > 25
    for figure in drawn:
        graph_objects.Figure(figure)  # refuses unknown names and values


def test_every_figure_has_words_for_those_who_do_not_see_it_and_a_sentence_below(
    report: str,
) -> None:
    count = len(titles(report))
    assert len(re.findall(r'role="img" aria-label="[^"]{20,}"', body(report))) == count
    assert len(re.findall(r"<figcaption>[^<]{40,}</figcaption>", body(report))) == count


def test_the_verdict_comes_first_in_words_with_its_evidence(report: str) -> None:
    start = body(report).index('id="verdict"')
    banner = read(body(report)[start : start + 1_200]).text
    assert "Healthy" in banner
    assert "Views agree (alignment 0.21)" in banner
    assert 'data-tone="good"' in body(report)[start : start + 300]


def test_a_collapse_is_marked_and_says_what_to_try(tmp_path: Path) -> None:
    page = body(render_report(sample_run(tmp_path / "run", kind="collapsed")))
    banner = page[page.index('id="verdict"') : page.index('id="numbers"')]
    assert 'data-tone="bad"' in banner
    assert "Complete collapse" in banner
    assert banner.count("<li>") == 3


def test_the_chance_line_and_the_anchors_stand_in_the_curves(report: str) -> None:
    loss, _, _, uniformity, *_ = figures(report)
    chances = [shape["label"]["text"] for shape in loss["layout"]["shapes"]]
    assert chances == ["chance, watched 5.88", "chance 6.24"]
    assert "their loss is measured on batches of 180" in report
    names = {shape["label"]["text"] for shape in uniformity["layout"]["shapes"]}
    assert names == {"collapsed 0", "floor −3.88"}
    for figure in (loss, uniformity):
        low, high = figure["layout"]["yaxis"]["range"]
        assert every(low < shape["y0"] < high for shape in figure["layout"]["shapes"])


def test_an_objective_without_chance_says_so(tmp_path: Path) -> None:
    directory = sample_run(tmp_path / "run")
    dataclasses.replace(run_record(), chance=None).save(directory.run)
    unknown = [
        dataclasses.replace(line, chance=None) if isinstance(line, WatchMetrics) else line
        for line in metric_lines()
    ]
    write_metrics(directory, unknown)
    loss = next(figures(page := render_report(directory)))
    assert loss["layout"]["shapes"] == []
    assert "no chance level" in page


def test_two_dimensions_are_drawn_as_the_exact_circle() -> None:
    geometry = geometry_record(dim=2, samples=100)
    report = render_health(health_record(), geometry)
    assert titles(report) == [
        "The circle",
        "Distance on the sphere",
        "Eigenvalues",
        "Eigenvalues of the representation",
        "Local dimension",
        "Retrieval of the second view",
        "Samples",
    ]
    bars, points = next(figures(report))["data"]
    assert (bars["type"], points["type"]) == ("barpolar", "scatterpolar")
    assert len(points["theta"]) == 100
    assert points["r"] == pytest.approx([1.0] * 100, abs=1e-4)


def test_one_view_leaves_random_pairs_alone_and_says_why() -> None:
    geometry = dataclasses.replace(geometry_record(), positive_distances=())
    report = render_health(health_record(), geometry)
    assert "Only one view of each sample was given" in report


def test_what_was_not_judged_is_among_the_notes(tmp_path: Path) -> None:
    doubts = dataclasses.replace(health_record(), not_judged=("shortcuts: no inputs",))
    directory = sample_run(tmp_path / "run")
    doubts.save(directory.health)
    for shown in (render_health(doubts, geometry_record()), render_report(directory)):
        notes = shown[shown.index('id="notes"') :]
        assert "not judged: shortcuts: no inputs" in notes


@pytest.mark.parametrize(
    "absent", ["recipe", "run", "metrics", "health", "geometry", "gallery", "all but metrics"]
)
def test_a_missing_record_costs_its_section_only(tmp_path: Path, absent: str) -> None:
    directory = sample_run(tmp_path / "run")
    names = ["recipe", "run", "health", "geometry", "gallery"] if " " in absent else [absent]
    for name in names:
        getattr(directory, name).unlink()
    report = body(render_report(directory))
    assert re.findall(r'<section id="(\w+)"', report) == expected(health="health" not in names)
    for name in names:
        suffix = {"recipe": "toml", "metrics": "jsonl"}.get(name, "json")
        assert f"{name}.{suffix}" in read(report).text


@pytest.mark.parametrize("name", ["run", "health", "geometry", "gallery", "metrics", "recipe"])
@pytest.mark.parametrize("content", [b'{"half": ', b"[]", b"\xff\xfe\x00", b"{}"])
def test_a_damaged_record_costs_its_section_only(tmp_path: Path, name: str, content: bytes) -> None:
    directory = sample_run(tmp_path / "run", kind="interrupted")
    for record in (health_record(), geometry_record(samples=50)):
        record.save(directory.health if isinstance(record, HealthRecord) else directory.geometry)
    getattr(directory, name).write_bytes(content)
    shown = re.findall(r'<section id="(\w+)"', body(render_report(directory)))
    assert shown == expected(health=name != "health")


def test_an_interrupted_run_says_where_it_stopped(tmp_path: Path) -> None:
    report = body(render_report(sample_run(tmp_path / "run", kind="interrupted")))
    assert "stopped early, after 130 of 420 updates" in report
    assert "No verdict yet" in report
    assert "chance <b>6.24</b>" in report


def test_a_folder_that_is_no_run_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path))):
        render_report(tmp_path)
    with pytest.raises(FileNotFoundError, match=re.escape(str(tmp_path))):
        render_comparison([tmp_path])
    with pytest.raises(ValueError, match="`paths` must name at least one run"):
        render_comparison([])


def test_write_report_puts_the_same_page_into_the_run(healthy: RunDirectory, report: str) -> None:
    written = write_report(healthy.path)
    assert written == healthy.report
    assert written.read_text(encoding="utf-8") == report
    assert len(report.encode("utf-8")) < 3_000_000


@pytest.mark.slow
def test_long_runs_are_thinned(tmp_path: Path) -> None:
    directory = sample_run(tmp_path / "run")
    write_metrics(directory, metric_lines(steps=6_000, of=6_000, terms=True))
    report = render_report(directory)
    for figure in list(figures(report))[:8]:
        assert every(0 < len(trace["x"]) <= 1_000 for trace in figure["data"])


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_stays_text_everywhere(report: str, tmp_path: Path, text: str) -> None:
    directory = sample_run(tmp_path / "run")
    innocent = read(body(report))
    run = run_record()
    dataclasses.replace(
        run, name=text, data=text, encoder=text, objective=text, method=text, notes=(text, text)
    ).save(directory.run)
    health = health_record()
    hostile = tuple(
        dataclasses.replace(finding, reading=text, anchors={text: 1.0, "b": 0.0})
        for finding in health.findings
    )
    dataclasses.replace(health, summary=text, findings=hostile, measurements={text: 1.0}).save(
        directory.health
    )
    geometry = geometry_record(samples=20)
    dataclasses.replace(geometry, ids=(text,) * 20).save(directory.geometry)
    rows = tuple(
        GalleryRow(
            dataclasses.replace(row.sample, caption=text),
            tuple(dataclasses.replace(other, caption=text, text=text) for other in row.others),
        )
        for row in (directory.read_gallery() or GalleryRecord()).views
    )
    GalleryRecord(rows, rows[:1]).save(directory.gallery)
    directory.recipe.write_bytes(f"# {text}".encode("utf-8", "replace"))
    hostile_report = render_report(directory)
    hostile_report.encode("utf-8")
    page = read(body(hostile_report))
    assert {"script", "img"} & set(page.tags) <= set(innocent.tags)
    assert not [name for name in page.attributes if name.startswith("on")]
    assert body(hostile_report).count("<script") == len(titles(hostile_report)) + 1  # the library
    for figure in figures(hostile_report):
        for trace in figure["data"]:
            names = [trace.get("name", "")]
            names += trace["text"] if isinstance(trace.get("text"), list) else []
            assert not [name for name in names if set("<>\n") & set(name)]


def test_a_picture_that_is_not_base64_is_not_put_into_the_page(tmp_path: Path) -> None:
    directory = sample_run(tmp_path / "run")
    bad = Exhibit("caption", png='x" onerror="alert(1)', wav='y" onerror="alert(1)')
    GalleryRecord((GalleryRow(bad, (bad,)),), ()).save(directory.gallery)
    report = body(render_report(directory))
    assert "onerror" not in report
    assert "nothing to show" in report


def test_sounds_become_players_and_texts_are_there_to_read(tmp_path: Path) -> None:
    directory = sample_run(tmp_path / "run")
    sound = Exhibit("take 3", wav="UklGRg==", png="iVBORw0KGgo=")
    text = Exhibit("line 7", text="A man <b>walks</b> his dog.")
    GalleryRecord((GalleryRow(sound, (text,)),), ()).save(directory.gallery)
    report = render_report(directory)
    assert '<audio src="data:audio/wav;base64,UklGRg==" controls' in report
    assert "media-src data:" in report
    assert "A man &lt;b&gt;walks&lt;/b&gt; his dog." in report


def test_a_page_runs_its_own_scripts_only_and_fetches_nothing(report: str) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', report)
    assert policy is not None
    assert policy[1].startswith("default-src &#x27;none&#x27;")
    assert policy[1].count("sha256-") == 2
    assert "unsafe-eval" not in policy[1]
    assert not re.findall(r'(?:src|href)="(?!#|data:image/png;base64,)', body(report))
    assert "url(" not in report[: report.index("</style>")]


def test_a_page_without_figures_carries_no_script() -> None:
    assert "<script" not in page("t", [], [], [])


def test_a_comparison_names_every_run_in_its_table_and_curves(
    healthy: RunDirectory, tmp_path: Path
) -> None:
    runs = [healthy, sample_run(tmp_path / "simclr-digits", kind="collapsed")]
    report = render_comparison(runs)
    text = read(body(report)).text
    for run in runs:  # two directories of one name are told apart by their parents
        assert f"{run.path.parent.name}/simclr-digits" in text
    assert "complete collapse" in text
    assert titles(report) == [
        "Trajectories during training",
        "Loss",
        "Alignment",
        "Uniformity",
        "Centre m_o",
        "Effective rank",
    ]
    plane, *curves = figures(report)
    assert len(plane["data"]) == 3  # with reference points
    assert every(len(figure["data"]) == 2 for figure in curves)


def test_runs_that_do_not_know_their_epochs_are_compared_over_steps(tmp_path: Path) -> None:
    with_epochs = sample_run(tmp_path / "a")
    without = sample_run(tmp_path / "b")
    write_metrics(without, [dataclasses.replace(line, epoch=None) for line in metric_lines()])
    loss = list(figures(render_comparison([with_epochs, without])))[1]
    assert loss["layout"]["xaxis"]["title"]["text"] == "step"
    assert [trace["x"][-1] for trace in loss["data"]] == [420.0, 420.0]


def test_a_figure_s_own_layout_adds_to_the_shared_one() -> None:
    figure = Figure("t", "r", "a", [], {"xaxis": {"title": {"text": "x"}}, "showlegend": True})
    layout = figure.description()["layout"]
    assert layout["xaxis"]["title"] == {"font": {"size": 12}, "standoff": 8, "text": "x"}
    assert layout["margin"]["t"] == 34


def test_a_plot_has_the_curves_and_the_plane(healthy: RunDirectory, tmp_path: Path) -> None:
    drawn = plot_run(healthy)
    titles = [annotation.text for annotation in drawn.layout.annotations]
    assert titles[:3] == ["Loss", "Trajectories during training", "Alignment"]
    loss = next(trace for trace in drawn.data if trace.name == "training, running mean")
    assert loss.line.color == "#3f9bb8"
    assert "var(--" not in drawn.to_json()
    assert "chance 6.24" in titles
    write_plot(drawn, tmp_path / "plot.html")
    page = (tmp_path / "plot.html").read_text("utf-8")
    assert "Trajectories" in page
    assert 'src="http' not in page
    with pytest.raises(ValueError, match=r"`out` must end in \.html or \.json, got .*plot\.gif"):
        write_plot(drawn, tmp_path / "plot.gif")
    empty = sample_run(tmp_path / "empty")
    empty.metrics.unlink()
    with pytest.raises(ValueError, match=r"no metrics to draw"):
        plot_run(empty)


def test_long_names_of_files_keep_their_end_and_cosines_stay_whole(tmp_path: Path) -> None:
    name = "photos/of-the-last-summer/in_the_lake_district/IMG_20190712_1234.jpg"
    directory = sample_run(tmp_path / "run")
    rows = (GalleryRow(Exhibit(name), (Exhibit(f"{name} · cosine 0.87"),)),)
    GalleryRecord((), rows).save(directory.gallery)
    page = body(render_report(directory))
    assert f'title="{name}"' in page
    assert ">cosine 0.87</small>" in page
    assert "1234.jpg</bdi>" in page.replace("<wbr>", "")


def test_one_is_singular() -> None:
    health = dataclasses.replace(health_record(), samples=1, dim=1)
    assert "1 sample in 1 dimension<" in body(render_health(health))
    geometry = geometry_record(dim=3)
    one_lost = dataclasses.replace(geometry, eigenvalues=(1.0, 0.5, 0.0))
    assert "1 direction has zero variance" in body(render_health(health, one_lost))
    assert "2 directions have" in body(
        render_health(health, dataclasses.replace(geometry, eigenvalues=(1.0, 0.0, 0.0)))
    )
