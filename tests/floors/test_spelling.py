"""Identifiers are spelt as torch and numpy have them; British spelling is for prose."""

from __future__ import annotations

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = [
    file
    for folder in ("benchmarks", "docs", "scripts", "src", "tests")
    for file in sorted((ROOT / folder).rglob("*.py"))
    if not file.name.startswith("test_renamed")  # these call things by their old names
]

ISED = (
    "normal|solar|synchron|recogn|standard|optim|initial|regular|maxim|minim|organ|summar|serial"
    "|vector|parametr|discret|quant|general|special|random|memor|penal|local"
)
BRITISH = re.compile(
    rf"(?:{ISED})is(?:e|ing|ation)|grey|colour|neighbour|behaviour|favour|honour|flavour"
    r"|(?:label|model)l(?:ed|ing)|centre|centring|catalogue|artefact",
    re.IGNORECASE,
)
OF_HTML = {"aria_labelledby"}
RENAMED = re.compile(r"renamed_\w+")  # what is called so lists old names


def british(source: str) -> Iterator[str]:
    """Names with a British spelling, but for those that a call of :data:`RENAMED` lists."""
    names: list[str] = []
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            names.append(token.string)
        elif token.type in {tokenize.NEWLINE, tokenize.ENDMARKER}:
            if not any(map(RENAMED.fullmatch, names)) or names[0] in {"from", "import", "def"}:
                yield from (n for n in names if BRITISH.search(n) and n not in OF_HTML)
            names = []


def test_no_name_has_a_british_spelling() -> None:
    assert len(FILES) > 600
    found = {
        str(file.relative_to(ROOT)): sorted({*british(file.read_text(encoding="utf-8"))})
        for file in FILES
    }
    assert {file: names for file, names in found.items() if names} == {}


def test_no_file_has_a_british_spelling() -> None:
    assert [file for file in FILES if BRITISH.search(file.stem)] == []


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("def open_labelled(*, row_normalise): ...", ["open_labelled", "row_normalise"]),
        ("from nearfar.views._colour import to_gray", ["_colour"]),
        ("class DecentringCurve: ...", ["DecentringCurve"]),
        ("x.normalised, y.neighbouring, CENTRES", ["normalised", "neighbouring", "CENTRES"]),
        ("noise, raised, optimistic, precise = pairwise  # grey 'colour'", []),
        ("'grey'", []),
        ("find = renamed_attributes(__name__, labelled='labeled')", []),
        ("def renamed_colours(): ...", ["renamed_colours"]),
    ],
)
def test_the_pattern_finds_what_it_is_for(line: str, names: list[str]) -> None:
    assert [*british(line)] == names
