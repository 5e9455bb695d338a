"""The index is what the signatures, the docstrings and timm say, and its parser is theirs."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator
from copy import deepcopy
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

import build_index

from nearfar._index import load_index
from nearfar.cli._file_checks import check_encoder
from nearfar.cli._stored_flags import any_of, stored_type
from nearfar.cli._train_flags import derived_flags, indexed_flags, unclear_flags
from nearfar.cli._train_plan import parse_flags
from nearfar.modalities import modality
from tests.every import every

AGAIN = "the index is outdated: run python scripts/build_index.py (--quick keeps the limits)"
KINDS = tuple(load_index()["kinds"])
METHODS = tuple(load_index()["methods"])


def entries(index: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for kind in index["kinds"].values():
        for flags in kind["flags"].values():
            yield from flags
    for method in index["methods"].values():
        yield from method["flags"]
    for flags in index["views"].values():
        yield from flags


def without_limits(index: Any) -> Any:
    plain = deepcopy(dict(index))
    for entry in entries(plain):
        entry.pop("limits", None)
    del plain["timm"]
    return plain


@pytest.mark.usefixtures("as_users_run_it")
def test_the_index_is_what_the_signatures_say() -> None:
    built = without_limits(build_index.build_index(limits=False))
    assert without_limits(load_index()) == built, AGAIN


@pytest.mark.slow
@pytest.mark.usefixtures("as_users_run_it")
def test_the_limits_of_the_index_are_those_of_the_constructors() -> None:
    built, found = build_index.build_index(), load_index()
    assert list(entries(dict(found))) == list(entries(built)), AGAIN


@pytest.mark.slow
def test_every_model_of_timm_is_an_encoder() -> None:
    import timm

    known = load_index()["timm"]
    refused = [name for name in timm.list_models() if [*check_encoder(name, ("images",))]]
    assert refused == []
    if version("timm") == known["version"]:
        assert set(timm.list_models()) <= set(known["models"]), AGAIN
        assert every(map(timm.is_model, known["models"])), AGAIN


@pytest.mark.parametrize(
    ("name", "kinds", "said"),
    [
        ("resnet19", ("images",), "did you mean 'resnet18'"),
        ("convnets", ("images", "sequences"), "did you mean 'convnet'"),
        ("resnet18", ("graphs",), "must be one of gcn, sage"),
        ("resnet18.a1_in1k", ("images",), ""),
        ("auto", ("images",), ""),
        ("mine.encoders:small", ("images",), ""),
        ("prajjwal1/bert-tiny", ("text",), ""),
    ],
)
def test_an_encoder_is_refused_where_no_modality_has_it(
    name: str, kinds: tuple[str, ...], said: str
) -> None:
    found = [*check_encoder(name, kinds)]
    assert len(found) == bool(said)
    assert said in "".join(found)


def test_a_model_of_another_version_of_timm_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    index = deepcopy(dict(load_index()))
    index["timm"]["models"].remove("resnet18")
    monkeypatch.setattr("nearfar.cli._file_checks.load_index", lambda: index)
    assert [*check_encoder("resnet18", ("images",))]
    index["timm"]["version"] = "0.0"
    assert not [*check_encoder("resnet18", ("images",))]
    assert [*check_encoder("resnet19", ("images",))]  # in no source file of timm


def value_of(entry: dict[str, Any], kind: Any) -> list[str]:
    """Words that are a value of a stored type, within the limits."""
    if isinstance(kind, str):
        low = entry.get("limits", {}).get("low", 0)
        words = {"int": str(int(low) + 2), "float": "0.5", "bool": "yes", "None": "none"}
        return [words.get(kind, "word")]
    form, *parts = kind
    if form == "literal":
        return [str(parts[-1])]
    if form == "union":
        return value_of(entry, parts[0])
    repeated = parts[:1] * 3 if parts[-1] == "..." else parts
    return [word for part in repeated for word in value_of(entry, part)]


def words_for(flags: list[dict[str, Any]], names: set[str]) -> list[str]:
    words = []
    for entry in flags:
        if entry["called"] in names:
            value = value_of(entry, entry["type"])
            joined = entry["type"] in ("bool", ["union", "bool", "None"])
            flag = entry["names"][-1]
            words += [f"{flag}={value[0]}"] if joined else [flag, *value]
    return words


ONE_OF_EACH = (
    *(("swav", "images"), ("cpc", "sequences"), ("curl", "text"), ("dgi", "graphs")),
    *(("vicreg", "vectors"), ("multiview", "pairs")),
)
ALL = [
    pytest.param(method, kind, marks=() if (method, kind) in ONE_OF_EACH else pytest.mark.full)
    for method in METHODS
    for kind in KINDS
]


@pytest.mark.parametrize(("method", "kind"), ALL)
def test_both_parsers_read_every_flag_alike(method: str, kind: str) -> None:
    index = load_index()
    entries_of = [
        *(flag for flags in index["kinds"][kind]["flags"].values() for flag in flags),
        *index["methods"][method]["flags"],
        *index["views"][index["methods"][method]["views"][kind]],
    ]
    derived = derived_flags(method, modality(kind))
    names = {flag.name for flag in derived} - {"resume"}
    assert names == {entry["called"] for entry in entries_of} - {"resume"}
    words = words_for(entries_of, names)
    quick, said = parse_flags(words, method, indexed_flags([method], [kind]), stated={})
    assert said == []
    exact, refused = parse_flags(words, method, derived, stated={})
    assert refused == []
    assert quick == exact
    assert names <= quick.keys()
    unclear = unclear_flags(METHODS, KINDS)
    clear = {e["called"] for e in entries_of if not unclear & set(e["names"])} & names
    words = words_for(entries_of, clear)
    either, said = parse_flags(words, method, indexed_flags(METHODS, KINDS), stated={})
    assert said == []
    assert either.keys() >= clear


@pytest.mark.parametrize(
    ("kinds", "joined"),
    [
        (("int", "int"), "int"),
        (("int", ["union", "str", "None"]), ["union", "int", "str", "None"]),
    ],
)
def test_a_flag_of_any_of_two_commands_takes_the_values_of_both(
    kinds: tuple[Any, Any], joined: Any
) -> None:
    flags = [[{"called": "x", "names": ["--x"], "type": kind, "limits": {}}] for kind in kinds]
    (found,) = any_of(flags)
    assert found["type"] == joined


def test_a_type_without_a_name_is_not_stored() -> None:
    with pytest.raises(KeyError, match="Parameter"):
        stored_type(inspect.Parameter)


def test_limits_are_those_that_a_constructor_names() -> None:
    def make(given: dict[str, Any]) -> None:
        count, rate = given.get("count", 3), given.get("rate", 0.5)
        if count < 2:
            raise ValueError(f"`count` must be 2 or more, got {count!r}")
        if not 0 < rate <= 1:
            raise ValueError(f"`rate` must be above 0, at most 1, got {rate!r}")

    low = build_index.find_limits([make], "count", int | None)
    assert low == {"low": 1, "expected": "must be 2 or more"}
    both = build_index.find_limits([make], "rate", float)
    assert both is not None
    assert (both["low"], both["high"]) == (0.0, 1.0000000000000002)
    assert both["finite"]
    assert build_index.find_limits([make, lambda given: None], "rate", float) is None
    assert build_index.find_limits([make], "count", str) is None
