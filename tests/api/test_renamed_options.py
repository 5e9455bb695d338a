"""Options under the names that they had in 0.1: in Python with a warning, in files without."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import nearfar
from nearfar import api
from nearfar._deprecation import OPTIONS
from nearfar.api._recipe import Recipe
from tests.older_runs import as_older

SHORT = {"epochs": 1, "devices": 1, "precision": "32"}
OLD = {new: old for old, new in OPTIONS.items()}


@pytest.fixture
def graph(tmp_path: Path) -> Path:
    generator = np.random.default_rng(0)
    edges = generator.integers(0, 40, (2, 160))
    np.savez(tmp_path / "g.npz", edge_index=edges, x=generator.random((40, 6)))
    return tmp_path / "g.npz"


def make_old(path: Path) -> None:
    """Give options in a run's files the names of 0.1."""
    as_older(path)
    for name in ("recipe.toml", "encoder.json", "gallery.json"):
        text = (path / name).read_text(encoding="utf-8")
        for new, old in OLD.items():
            text = text.replace(f"\n{new} = ", f"\n{old} = ").replace(f'"{new}": ', f'"{old}": ')
        (path / name).write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_a_run_of_images_is_loaded_and_resumed(tmp_path: Path) -> None:
    views = {"gray": 0.1, "solarize": (0.2,), "solarize_threshold": 0.4}
    run = nearfar.pretrain("simclr", "digits", out=tmp_path / "r", view_options=views, **SHORT)
    make_old(run.path)
    assert {"grey", "solarise", "solarise_threshold"} <= set(run.directory.read_recipe()["views"])
    again = nearfar.load(run.path)
    assert np.array_equal(again.embed("digits"), run.embed("digits"))
    assert len(again.directory.read_gallery().neighbors) == 8
    resumed = api.resume(run.path)
    assert np.array_equal(resumed.embed("digits"), run.embed("digits"))


@pytest.mark.slow
def test_a_run_of_graphs_is_loaded_and_resumed(graph: Path, tmp_path: Path) -> None:
    run = nearfar.pretrain(
        "deep_graph_infomax",
        graph,
        encoder="sage",
        out=tmp_path / "r",
        neighbors=3,
        row_normalize=False,
        batch_size=16,
        units=8,
        **SHORT,
    )
    make_old(run.path)
    assert {"neighbours", "row_normalise"} <= set(run.directory.read_recipe()["data"])
    assert json.loads((run.path / "encoder.json").read_text())["form"]["row_normalise"] is False
    again = nearfar.load(run.path)
    assert again.description.form.row_normalize is False
    assert np.array_equal(again.embed(graph), run.embed(graph))
    assert np.array_equal(api.resume(run.path).embed(graph), run.embed(graph))


def test_a_recipe_of_series_is_read() -> None:
    recipe = Recipe.from_tables(
        {"method": {"name": "cpc"}, "data": {"modality": "sequences", "normalise": "peak"}}
    )
    assert recipe.options == {"normalize": "peak"}


def test_an_option_of_data_under_its_old_name(graph: Path, tmp_path: Path) -> None:
    with pytest.warns(DeprecationWarning, match="`neighbours` is deprecated: use `neighbors`") as w:
        run = nearfar.pretrain(
            "dgi", graph, out=tmp_path / "r", neighbours=3, batch_size=16, units=8, **SHORT
        )
    assert len(w) == 1
    assert run.directory.read_recipe()["data"]["neighbors"] == 3


def test_an_option_of_views_under_its_old_name(tmp_path: Path) -> None:
    options = {"grey": 0.1}
    with pytest.warns(DeprecationWarning, match="`grey` is deprecated: use `gray`") as said:
        run = nearfar.pretrain(
            "simclr", "digits", out=tmp_path / "r", view_options=options, **SHORT
        )
    assert len(said) == 1
    assert run.directory.read_recipe()["views"] == {"gray": 0.1}


def test_labeled_data_are_opened_by_the_old_name_of_the_method(digits_run: api.Run) -> None:
    with pytest.warns(DeprecationWarning, match=r"use StoredRun\.open_labeled"):
        data = digits_run.open_labelled("digits")
    assert len(data.train_labels) == len(data.train)


def test_an_option_under_both_names_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"'grey' is not an option of views.*did you mean 'gray'"):
        nearfar.pretrain(
            "simclr", "digits", out=tmp_path / "r", view_options={"grey": 0.1, "gray": 0.1}
        )
