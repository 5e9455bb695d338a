from __future__ import annotations

import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nearfar.reports._figure import Figure, label
from nearfar.reports._html import Html, clean, element, join

HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "</script><script>alert(1)</script>",
    '" onmouseover="alert(1)',
    "' onmouseover='alert(1)",
    "line\nbreak\r\nand\ttab",
    "&lt;b&gt; & <!-- --> ]]>",
    "bytes \udcff\udc80 and \x00\x1b[31m",
    "\u202egnp.exe",
    "%{customdata} $\\alpha$",
]


class Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: dict[str, str | None] = {}
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(attrs)

    def handle_data(self, data: str) -> None:
        self.text += data


def read(markup: str) -> Reader:
    reader = Reader()
    reader.feed(markup)
    reader.close()
    return reader


@given(st.text())
def test_any_text_comes_back_as_the_same_text_in_content_and_in_attributes(text: str) -> None:
    page = read(element("p", text, title=text))
    assert page.tags == ["p"]
    assert page.text == clean(text)
    assert page.attributes == {"title": clean(text)}


@pytest.mark.parametrize("text", HOSTILE)
def test_text_from_outside_makes_no_tag_and_no_attribute(text: str) -> None:
    page = read(join(element("p", text, title=text), text))
    assert page.tags == ["p"]
    assert set(page.attributes) == {"title"}
    element("p", text).encode("utf-8")


def test_markup_passes_and_text_beside_it_does_not() -> None:
    assert element("p", Html("<b>x</b>"), "<b>") == "<p><b>x</b>&lt;b&gt;</p>"


def test_void_elements_have_no_end() -> None:
    assert element("img", alt="a") == '<img alt="a">'


@given(st.text())
def test_a_figure_s_data_cannot_end_its_script_and_come_back_whole(text: str) -> None:
    figure = Figure(text, text, text, [{"type": "scatter", "text": [text], "y": [1.0]}])
    markup = figure.html()
    start = markup.index('<script type="application/json">') + len(
        '<script type="application/json">'
    )
    inside = markup[start : markup.index("</script>")]
    assert not set("<>&") & set(inside)
    assert json.loads(inside)["data"][0]["text"] == [text]
    assert markup.count("</script>") == 1


@pytest.mark.parametrize("text", HOSTILE)
def test_a_label_has_one_short_line_and_no_tag(text: str) -> None:
    written = label(text)
    assert not set("<>\n\r\t\x00") & set(written)
    assert len(written) < 60 * 5


def test_a_long_label_keeps_both_ends() -> None:
    written = label("folder/" * 40 + "cat.png")
    assert written.startswith("folder/")
    assert written.endswith("cat.png")
    assert 50 < len(written) <= 60


def test_numbers_that_json_lacks_become_gaps() -> None:
    figure = Figure("t", "r", "a", [{"y": [1.0, float("nan"), float("inf")]}])
    assert '"y":[1.0,null,null]' in figure.html()
