"""BibTeX of what a result rests on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from nearfar import api
from nearfar.api import _citing as citing
from nearfar.api._recipe import method_class, preset_names
from nearfar.cli import main
from nearfar.data import NAMES
from nearfar.version import __version__
from tests.every import every

FILE = Path(citing.__file__).with_name("references.bib")
ENTRY = re.compile(r"@(\w+)\{([\w-]+),\n((?:  \w+ = \{.*\},\n)+)\}")
NEEDED = {"title", "author", "year"}


def test_every_entry_of_the_file_is_read_and_whole() -> None:
    text = FILE.read_text(encoding="utf-8")
    keys = re.findall(r"^@\w+\{([^,]+),", text, re.MULTILINE)
    assert keys
    assert len(set(keys)) == len(keys)
    references = {key: api.cite(key)[0] for key in keys}
    for key, reference in references.items():
        assert reference.key == key
        assert reference.fields.keys() >= NEEDED
        assert re.fullmatch(r"\d{4}", reference.fields["year"])
        assert key.startswith(surname(reference.fields["author"]))
        assert reference.fields["year"] in key
        for value in reference.fields.values():
            assert value.count("{") == value.count("}")
        assert ("eprint" in reference.fields) == ("archiveprefix" in reference.fields)
        assert re.fullmatch(r"\d{4}\.\d{4,5}", reference.fields.get("eprint", "0000.0000"))


def surname(authors: str) -> str:
    plain = re.sub(r"\{?\\.\{?(\w)\}?\}?", r"\1", authors.partition(",")[0])
    return plain.lower().split()[-1]


@pytest.mark.parametrize("name", preset_names())
def test_every_method_has_the_papers_it_names(name: str) -> None:
    paper = method_class(name).paper
    references = citing.papers_of(name)
    assert len(references) == len(paper.split(";"))
    numbers = re.findall(r"\d{4}\.\d{4,5}", paper)
    assert [r.fields["eprint"] for r in references if "eprint" in r.fields] == numbers
    for said, reference in zip(paper.split(";"), references, strict=True):
        assert re.search(r"(19|20)\d\d", said)[0] == reference.fields["year"]


@pytest.mark.parametrize("name", NAMES)
def test_every_named_dataset_is_cited(name: str) -> None:
    assert api.cite(name)
    assert name in api.citable()


def test_what_is_printed_is_bibtex(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cite", "simclr", "moco_v2", "cifar10", "effective_rank"]) == 0
    out = capsys.readouterr().out
    keys = [key for _, key, _ in ENTRY.findall(out)]
    assert keys == [
        "chen2020simclr",
        "he2020moco",
        "chen2020mocov2",
        "krizhevsky2009cifar",
        "garrido2023rankme",
    ]
    assert ENTRY.sub("", out).strip() == ""
    assert "keywords" not in out


def test_each_reference_comes_once() -> None:
    assert len(api.cite("moco_v1", "moco_v2", "he2020moco")) == 2


def test_without_names_nearfar_cites_itself_and_says_what_there_is(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cite"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("@software{nearfar,")
    assert f"version = {{{__version__}}}" in out
    assert "doi" not in out
    listed = out.partition("% nearfar cite")[2]
    assert every(name in listed for name in (*preset_names(), "cifar10", "uniformity"))


def test_a_run_is_cited_with_its_method_and_data(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cite", str(run), "--json"]) == 0
    keys = [entry["key"] for entry in json.loads(capsys.readouterr().out)]
    assert keys == ["nearfar", "chen2020simclr", "alpaydin1998digits"]


def test_an_unknown_name_is_refused_and_the_nearest_named(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cite", "mocov2"]) == 2
    assert "did you mean 'moco_v2'?" in capsys.readouterr().err
