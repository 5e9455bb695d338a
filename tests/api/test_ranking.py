"""Runs are ranked by paired readings of held-out samples, or refused with a reason."""

from __future__ import annotations

import shutil

import pytest
import torch

import nearfar
from nearfar.api._ranking import _error, _orders, _probability, _subsets
from nearfar.diagnostics._view_retrieval import nearer_views, view_retrieval
from nearfar.training._checkpoint import BEST, save_best
from tests.older_runs import as_older


def _views(noise, seed=0, samples=200):
    torch.manual_seed(seed)
    z = torch.randn(samples, 16)
    return z, z + noise * torch.randn(samples, 16)


def _matrix(noise, seed=0):
    one, other = _views(noise, seed)
    return (nearer_views(one, other) + nearer_views(other, one)) / 2


def test_the_order_of_all_samples_is_that_of_retrieval():
    one, other = _views(1.0)
    found = _orders(_matrix(1.0), [torch.arange(200)])
    torch.testing.assert_close(found[0], view_retrieval(one, other).order)


def test_subsamples_of_halves_spread_like_new_samples():
    spread = _orders(_matrix(2.0), _subsets(200)).std()
    fresh = torch.stack([_orders(_matrix(2.0, seed), [torch.arange(200)])[0] for seed in range(60)])
    assert 0.7 < float(spread / fresh.std()) < 1.4


def test_a_better_run_is_better_with_certainty_and_an_equal_one_is_not():
    drawn = {noise: _orders(_matrix(noise), _subsets(200)) for noise in (1.5, 2.5)}
    assert _probability([0.1], [drawn[1.5] - drawn[2.5]]) == 1.0
    assert _probability([0.0], [drawn[1.5] - drawn[1.5]]) == 0.5


def test_with_several_seeds_their_spread_counts_if_it_is_larger():
    tight = torch.zeros(400)
    assert _error([0.9, 0.8], [tight, tight]) == (pytest.approx(0.05), 1.0)
    assert _probability([0.1, 0.1, 0.1], [tight] * 3) == 1.0
    assert 0.5 < _probability([0.2, -0.1], [tight] * 2) < 0.75


def test_runs_of_different_data_and_a_single_setting_are_not_ranked(digits_run, tmp_path):
    other = tmp_path / "other"
    as_older(shutil.copytree(digits_run.path, other))
    recipe = (other / "recipe.toml").read_text()
    mark = digits_run.directory.read_recipe()["data"]["fingerprint"]
    (other / "recipe.toml").write_text(recipe.replace(mark, "0" * 16))
    found = nearfar.compare([digits_run, other]).ranking
    assert found is not None
    assert "are of different data; train both on the same data" in found.sentence
    (other / "recipe.toml").write_text(recipe.replace("seed = 0", "seed = 1"))
    found = nearfar.compare([digits_run, other]).ranking
    assert found is not None
    assert found.sentence.startswith("not ranked: there is one setting only")
    changed = recipe.replace("seed = 0", "seed = 1").replace("epochs = 2", "epochs = 3")
    (other / "recipe.toml").write_text(changed)
    found = nearfar.compare([digits_run, other]).ranking
    assert found is not None
    assert "seeds hold out different samples (seeds 0, 1)" in found.sentence
    assert nearfar.compare(digits_run).ranking is None


@pytest.mark.slow
def test_a_trained_encoder_is_ranked_above_the_untrained_one(digits_run, tmp_path):
    path = tmp_path / "run"
    shutil.copytree(digits_run.path, path)
    state = nearfar.load(path).prepared.method.state_dict()
    state = {name: value.contiguous() for name, value in state.items()}
    save_best(path / "checkpoints" / BEST, state=state, step=5, order=0.9, seconds=1.0)
    found = nearfar.compare([f"{path}@best", path, f"{path}@last"], report=tmp_path / "c.html")
    assert found.ranking is not None
    names = [run.name for run in found.ranking.runs]
    assert set(names[:2]) == {"run", "run@12"}
    assert names[2] == "run@5"
    assert found.ranking.runs[2].order < found.ranking.runs[0].order
    assert found.ranking.probability == 0.5
    assert "Ranking" in (tmp_path / "c.html").read_text()
