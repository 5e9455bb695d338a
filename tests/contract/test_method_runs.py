"""What every preset promises beyond the contract: records, recipes, documents."""

from __future__ import annotations

import inspect
import typing
from pathlib import Path
from typing import Any

import pytest

import nearfar
from nearfar.api._method_listing import kinds_of, method_class, preset_names
from nearfar.api._recipe import Recipe
from nearfar.data import Subset, open_source
from nearfar.objectives import Objective
from nearfar.records import RunRecord
from tests.api.kinds import KINDS
from tests.slow import mostly_slow

every_preset = pytest.mark.parametrize("name", preset_names())


def trained_on(name: str, folder: Path) -> tuple[Any, dict[str, Any]]:
    """A little of what the method is for: digits where it takes images."""
    kinds = kinds_of(name)
    if not kinds or "images" in kinds:
        return Subset(open_source("digits"), range(64)), {"batch_size": 16}
    kind = KINDS[kinds[0]]
    return kind.make(folder), {"batch_size": 8, "method_options": kind.method_options}


@pytest.mark.parametrize(
    "name", mostly_slow(preset_names(), quick=["byol", "deep_graph_infomax", "simclr"])
)
def test_a_short_run_is_recorded_and_its_recipe_is_read_back(name: str, tmp_path: Path) -> None:
    data, options = trained_on(name, tmp_path)
    run = nearfar.pretrain(
        name, data, epochs=1, precision="32", log_every=1, out=tmp_path / "run", **options
    )
    record = run.directory.read_run()
    assert record.finished
    assert record.method == name
    assert RunRecord.from_json(record.to_json()) == record
    recipe = Recipe.from_tables(run.directory.read_recipe())
    assert recipe.method == name
    assert recipe.training.epochs == 1
    health = run.directory.read_health()
    assert health is not None
    assert health.samples > 0
    if health.stability is None:
        assert [line for line in health.not_judged if line.startswith("stability: ")]


@every_preset
def test_a_class_says_what_its_page_and_its_row_need(name: str) -> None:
    kind = method_class(name)
    text = inspect.getdoc(kind) or ""
    headings = [line for line in text.splitlines() if line.endswith(":") and line[0] != " "]
    wanted = ["Args:", "When to use:", "Good to know:", "Reference:"]
    assert [heading for heading in headings if heading in wanted] == wanted
    objective = typing.get_type_hints(kind)["objective"]
    assert issubclass(objective, Objective)
    assert objective is not Objective
    assert len(kind.sees) <= 32
    assert any(character.isdigit() for character in kind.paper)  # the year at least
    arguments = set(inspect.signature(kind).parameters)
    parts = text.partition("Args:\n")[2].partition("\n\n")[0]
    told = [line.strip().partition(":")[0].split(", ") for line in parts.splitlines()]
    assert arguments <= {word for words in told for word in words}
