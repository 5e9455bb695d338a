"""Reports in a real browser: both schemes, a telephone and a desk, no network."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from nearfar.records import RunDirectory, write_text
from nearfar.reports import render_advice, render_comparison, render_health, write_report
from nearfar.theory import advise
from tests.reports.sample import geometry_record, health_record, run_record, sample_run
from tests.reports.test_html import HOSTILE
from tests.slow import mostly_slow

pytestmark = pytest.mark.browser

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--enable-unsafe-swiftshader",  # WebGL in software, for the points in three directions
]

MARKS = """figure => {
  const marks = 'path.js-line, path.point, .points path, .barlayer path, canvas';
  return figure.querySelector('.plot').querySelectorAll(marks).length;
}"""

INK = """figure => {
  return getComputedStyle(figure.querySelector('.plot .xtick text')).fill;
}"""


@dataclass
class Visit:
    """A page that is open, and what it complained about or asked for."""

    page: Any
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    chromium = chromium or shutil.which("google-chrome")
    if chromium is None:
        if os.environ.get("CI"):
            pytest.fail("a Chromium must be installed in CI")
        pytest.skip("needs a Chromium on the path")
    with sync_api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("pages")
    runs = {
        kind: sample_run(folder / kind, kind=kind)
        for kind in ("healthy", "collapsed", "interrupted")
    }
    found = {kind: write_report(run) for kind, run in runs.items()}
    found["hostile"] = write_report(hostile_run(folder / "hostile"))
    found["comparison"] = folder / "comparison.html"
    write_text(found["comparison"], render_comparison(list(runs.values())))
    found["circle"] = folder / "circle.html"
    write_text(found["circle"], render_health(health_record(), geometry_record(dim=2)))
    found["advice"] = folder / "advice.html"
    advice = advise(batch_size=256, dim=128, temperature=0.2, prior=10, samples=1797)
    write_text(found["advice"], render_advice(advice))
    return found


def hostile_run(path: Path) -> RunDirectory:
    directory = sample_run(path)
    dataclasses.replace(
        run_record(), name=HOSTILE[0], data=HOSTILE[1] * 20, notes=tuple(HOSTILE), encoder="x" * 300
    ).save(directory.run)
    geometry = geometry_record(samples=len(HOSTILE))
    dataclasses.replace(geometry, ids=tuple(HOSTILE)).save(directory.geometry)
    return directory


def visit(browser: Any, path: Path, *, width: int = 1400, scheme: str = "light") -> Visit:
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    seen = Visit(page)
    page.on("console", lambda m: seen.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: seen.complaints.append(str(error)))
    page.on("dialog", lambda dialog: (seen.complaints.append("dialog"), dialog.dismiss()))
    page.on("request", lambda request: seen.requests.append(request.url))
    page.goto(path.as_uri(), timeout=90_000)
    page.wait_for_selector(f"html[data-drawn={scheme}]", timeout=60_000)
    return seen


@pytest.mark.parametrize(
    ("name", "width", "scheme"),
    mostly_slow(
        [
            ("healthy", 375, "light"),
            ("healthy", 1400, "dark"),
            ("hostile", 375, "dark"),
            ("interrupted", 1400, "light"),
            ("comparison", 375, "light"),
            ("comparison", 1400, "dark"),
            ("circle", 375, "dark"),
            ("advice", 375, "light"),
            ("advice", 1400, "dark"),
        ],
        quick=[("hostile", 375, "dark")],
        slow=[("healthy", 1400, "dark"), ("comparison", 375, "light"), ("circle", 375, "dark")],
    ),
)
def test_a_page_draws_every_figure_without_complaint_network_or_overflow(
    browser: Any, pages: dict[str, Path], name: str, width: int, scheme: str
) -> None:
    seen = visit(browser, pages[name], width=width, scheme=scheme)
    page = seen.page
    assert seen.complaints == []
    assert [u for u in seen.requests if not u.startswith(("file:", "data:", "blob:"))] == []
    figures = page.query_selector_all("figure")
    assert len(figures) >= (1 if name == "advice" else 3)
    for figure in figures:
        title = figure.query_selector("h3").inner_text()
        assert figure.evaluate(MARKS) > 0, title
        assert figure.query_selector(".plot").bounding_box()["height"] > 150, title
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = page.evaluate(
        f"[...document.querySelectorAll('body *')].filter(e => !e.closest('.plot, .icon, thead')"
        f" && e.getBoundingClientRect().right > {width} + 1).map(e => e.outerHTML.slice(0, 80))"
    )
    assert wide == []
    page.close()


@pytest.mark.slow
def test_figures_follow_the_color_scheme_when_it_changes(
    browser: Any, pages: dict[str, Path]
) -> None:
    seen = visit(browser, pages["healthy"], scheme="light")
    figure = seen.page.query_selector("figure")
    light = figure.evaluate(INK)
    seen.page.emulate_media(color_scheme="dark")
    seen.page.wait_for_selector("html[data-drawn=dark]", timeout=60_000)
    dark = figure.evaluate(INK)
    assert (light, dark) == ("rgb(87, 93, 105)", "rgb(166, 171, 182)")
    assert seen.complaints == []
    seen.page.close()


@pytest.mark.slow
def test_points_in_three_directions_are_really_painted(
    browser: Any, pages: dict[str, Path]
) -> None:
    seen = visit(browser, pages["healthy"])
    canvas = seen.page.query_selector(".gl-container canvas, .plot canvas")
    assert canvas is not None
    bare = seen.page.evaluate(
        """async () => {
          const plot = [...document.querySelectorAll('.plot')].find(p => p.querySelector('canvas'));
          const url = await Plotly.toImage(plot, {format: 'png', width: 300, height: 300});
          const image = new Image(); image.src = url; await image.decode();
          const page = document.createElement('canvas'); page.width = page.height = 300;
          const context = page.getContext('2d'); context.drawImage(image, 0, 0);
          const pixels = context.getImageData(0, 0, 300, 300).data;
          let coloured = 0;
          for (let i = 0; i < pixels.length; i += 4)
            if (pixels[i + 3] > 200 && Math.abs(pixels[i] - pixels[i + 2]) > 30) coloured += 1;
          return coloured;
        }"""
    )
    assert bare > 100
    seen.page.close()


@pytest.mark.slow
def test_hostile_names_are_shown_as_they_are_where_the_mouse_points(
    browser: Any, pages: dict[str, Path]
) -> None:
    seen = visit(browser, pages["hostile"])
    shown = seen.page.evaluate(
        """async () => {
          const named = (trace) => trace.type === 'scatter' && Array.isArray(trace.text)
            && trace.text.some((text) => text.includes('onerror'));
          const plots = [...document.querySelectorAll('.plot')];
          const plot = plots.find((candidate) => candidate.data.some(named));
          const trace = plot.data.findIndex(named);
          const shown = [];
          for (let point = 0; point < plot.data[trace].text.length; point += 1) {
            Plotly.Fx.hover(plot, [{curveNumber: trace, pointNumber: point}]);
            shown.push(plot.querySelector('.hovertext')?.textContent);
            await new Promise((resume) => setTimeout(resume, 100)); // else it is dropped
          }
          return shown;
        }"""
    )
    assert shown[0] == HOSTILE[0]
    assert shown[1] == HOSTILE[1]
    assert seen.complaints == []
    assert seen.page.query_selector("img[src=x]") is None
    seen.page.close()


NOTE_ORDER = """() => {
  document.querySelector('#spectrum figure').scrollIntoView();
  window.inView = [];
  const react = Plotly.react;
  Plotly.react = (plot, ...rest) => {
    const { top, bottom } = plot.closest('figure').getBoundingClientRect();
    window.inView.push(bottom >= 0 && top <= innerHeight);
    return react(plot, ...rest);
  };
}"""

PRINT_AT_ONCE = """
  addEventListener('DOMContentLoaded', () => {
    dispatchEvent(new Event('beforeprint'));
    window.printed = [...document.querySelectorAll('.plot')].map((plot) => plot.childElementCount);
  });
"""


@pytest.mark.slow
def test_figures_in_view_are_drawn_first(browser: Any, pages: dict[str, Path]) -> None:
    seen = visit(browser, pages["healthy"])
    seen.page.set_viewport_size({"width": 1280, "height": 700})
    seen.page.evaluate(NOTE_ORDER)
    seen.page.emulate_media(color_scheme="dark")  # draws all of them again
    seen.page.wait_for_selector("html[data-drawn=dark]", timeout=60_000)
    drawn = seen.page.evaluate("window.inView")
    assert len(drawn) == len(seen.page.query_selector_all("figure"))
    assert 1 <= sum(drawn) < len(drawn) / 2
    assert drawn == sorted(drawn, reverse=True)
    assert seen.complaints == []
    seen.page.close()


@pytest.mark.slow
def test_every_figure_is_drawn_when_the_page_is_printed(
    browser: Any, pages: dict[str, Path]
) -> None:
    page = browser.new_page()
    page.add_init_script(PRINT_AT_ONCE)
    page.goto(pages["healthy"].as_uri(), timeout=90_000)
    page.wait_for_selector("html[data-drawn=light]", timeout=60_000)
    printed = page.evaluate("window.printed")
    assert len(printed) > 5
    assert min(printed) > 0
    page.close()


@pytest.mark.slow
def test_a_comparison_shows_verdict_and_time_on_a_laptop(browser: Any, tmp_path: Path) -> None:
    runs = [sample_run(tmp_path / f"alignment_uniformity-{'data-' * 8}{n}") for n in range(2)]
    write_text(tmp_path / "page.html", render_comparison(runs))
    for width in (1280, 760):
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto((tmp_path / "page.html").as_uri(), timeout=90_000)
        box = page.query_selector(".scroll").bounding_box()
        assert box["x"] + box["width"] <= width
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        for column in ("verdict", "time") if width == 1280 else ("verdict",):
            cell = page.query_selector(f"td[data-column={column}]").bounding_box()
            assert cell["x"] + cell["width"] <= box["x"] + box["width"] + 1, column
        page.close()


def test_the_verdict_is_seen_without_scrolling(browser: Any, pages: dict[str, Path]) -> None:
    page = browser.new_page(viewport={"width": 375, "height": 667})
    page.goto(pages["collapsed"].as_uri(), timeout=90_000)
    box = page.query_selector("#verdict h2").bounding_box()
    assert box["y"] + box["height"] < 500
    page.close()


def seen_after(page: Any, key: str) -> str:
    page.keyboard.press(key)
    return str(page.inner_text(".map .seen b"))


@pytest.mark.slow
def test_a_map_is_used_with_keys_search_and_menu(browser: Any, pages: dict[str, Path]) -> None:
    seen = visit(browser, pages["healthy"])
    page, geometry = seen.page, geometry_record()
    page.focus(".map .focus")
    lengths = geometry.readings["length"]
    page.select_option(".map select", label="length, in medians")
    page.focus(".map .focus")
    assert seen_after(page, "End") == geometry.ids[lengths.index(max(lengths))]
    assert seen_after(page, "Home") == geometry.ids[lengths.index(min(lengths))]
    row = lengths.index(min(lengths))
    x, y = geometry.layout[row]
    right = [
        ((other[0] - x) ** 2 + (other[1] - y) ** 2, name)
        for name, other in zip(geometry.ids, geometry.layout, strict=True)
        if other[0] - x > 0.7 * ((other[0] - x) ** 2 + (other[1] - y) ** 2) ** 0.5 > 0
    ]
    assert seen_after(page, "ArrowRight") == min(right)[1]
    page.fill(".map input", geometry.ids[7])
    page.keyboard.press("Enter")
    assert page.inner_text(".map .seen b") == geometry.ids[7]
    assert page.query_selector(".map .seen img") is not None
    marked = page.evaluate("document.querySelector('.map .plot').data[1].x")
    assert marked == [pytest.approx(geometry.layout[7][0], abs=1e-4)]
    page.fill(".map input", "no such sample")
    page.keyboard.press("Enter")
    assert "no sample is called no such sample" in page.inner_text(".map .seen")
    page.emulate_media(color_scheme="dark")
    page.wait_for_selector("html[data-drawn=dark]", timeout=60_000)
    after = page.evaluate("document.querySelector('.map .plot').data[1].x")
    assert after == marked
    assert seen.complaints == []
    page.close()
