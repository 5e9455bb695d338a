"""Estimates of information from scores: definitions, ceilings, and Gaussians as the truth."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from nearfar.data import CorrelatedGaussians, ShapeWorld
from nearfar.objectives import info_nce_loss
from nearfar.theory import (
    bayes_error_bound,
    bayes_error_chain,
    donsker_varadhan_information,
    estimate_information,
    info_nce_information,
    information_ceiling,
    jensen_shannon_information,
    multi_view_information,
    nwj_information,
)
from tests.slow import mostly_slow

READINGS = {
    "info_nce": info_nce_information,
    "jensen_shannon": jensen_shannon_information,
    "nwj": nwj_information,
    "donsker_varadhan": donsker_varadhan_information,
}


def in_loops(s: NDArray[np.float64]) -> dict[str, float]:
    n = len(s)
    joint = sum(s[i, i] for i in range(n)) / n
    apart = [math.exp(s[i, j]) for i in range(n) for j in range(n) if i != j]
    named = [
        math.log(math.exp(s[i, i]) / (sum(math.exp(s[i, j]) for j in range(n)) / n))
        for i in range(n)
    ]
    mean = sum(apart) / len(apart)
    return {
        "info_nce": sum(named) / n,
        "jensen_shannon": joint,
        "nwj": 1 + joint - mean,
        "donsker_varadhan": joint - math.log(mean),
    }


def perfect_scores(world: CorrelatedGaussians, batch: int, *, seed: int) -> Tensor:
    x, y = world.draw(batch, seed=seed)
    return world.log_density_ratio(x[:, None], y[None])


def means_over_batches(world: CorrelatedGaussians, batch: int, *, batches: int) -> dict[str, float]:
    scores = [perfect_scores(world, batch, seed=seed) for seed in range(batches)]
    return {
        name: float(torch.stack([reading(s) for s in scores]).mean())
        for name, reading in READINGS.items()
    }


@pytest.mark.parametrize("name", READINGS)
def test_readings_are_their_definitions(name: str) -> None:
    scores = 2 * torch.randn(6, 6, dtype=torch.float64)
    found = float(READINGS[name](scores))
    assert found == pytest.approx(in_loops(scores.numpy())[name], abs=1e-12)


def test_info_nce_is_the_ceiling_less_the_loss() -> None:
    queries, keys = torch.randn(2, 20, 8, dtype=torch.float64)
    loss = info_nce_loss(queries, keys, temperature=0.3)
    unit = torch.nn.functional.normalize
    scores = unit(queries) @ unit(keys).T / 0.3
    expected = information_ceiling(20) - float(loss)
    assert float(info_nce_information(scores)) == pytest.approx(expected, abs=1e-9)


def test_the_best_critic_reads_the_closed_form() -> None:
    readings = means_over_batches(CorrelatedGaussians(3, information=1.0), 256, batches=40)
    assert readings["jensen_shannon"] == pytest.approx(1.0, abs=0.02)
    assert readings["nwj"] == pytest.approx(1.0, abs=0.03)
    assert readings["donsker_varadhan"] == pytest.approx(1.0, abs=0.03)
    assert readings["info_nce"] == pytest.approx(1.0, abs=0.03)


def test_only_info_nce_ends_at_the_logarithm_of_the_batch() -> None:
    readings = means_over_batches(CorrelatedGaussians(4, information=8.0), 32, batches=40)
    assert 0.9 * math.log(32) < readings["info_nce"] < math.log(32)
    assert readings["jensen_shannon"] == pytest.approx(8.0, abs=0.2)
    assert readings["donsker_varadhan"] > 1.5 * math.log(32)


def test_info_nce_is_too_low_and_rises_with_the_candidates() -> None:
    world = CorrelatedGaussians(4, information=3.0)
    small, medium, large = (
        means_over_batches(world, batch, batches=4096 // batch)["info_nce"]
        for batch in (8, 64, 512)
    )
    assert small < math.log(8) < medium < large < 3.05


def test_donsker_varadhan_is_too_high_and_varies_with_the_information() -> None:
    def spread(information: float) -> tuple[float, float]:
        world = CorrelatedGaussians(4, information=information)
        readings = torch.stack(
            [donsker_varadhan_information(perfect_scores(world, 32, seed=s)) for s in range(60)]
        )
        return float(readings.mean()) - information, float(readings.std())

    (low_bias, low_spread), (high_bias, high_spread) = spread(0.5), spread(6.0)
    assert low_bias < high_bias
    assert high_bias > 0.3
    assert low_spread < high_spread


def test_nwj_never_reads_more_than_donsker_varadhan() -> None:
    for seed in range(20):
        scores = 3 * torch.randn(9, 9, generator=torch.Generator().manual_seed(seed))
        assert nwj_information(scores) <= donsker_varadhan_information(scores) + 1e-5


def test_info_nce_is_no_lower_bound_of_donsker_varadhan() -> None:
    scores = torch.tensor([[0.0, 0.0], [8.0, 8.0]])  # inputs differ, pairs do not
    assert float(info_nce_information(scores)) == pytest.approx(0, abs=1e-6)
    assert float(donsker_varadhan_information(scores)) < -3


def test_a_constant_added_to_all_scores_moves_those_that_need_the_ratio_itself() -> None:
    scores = torch.randn(7, 7, dtype=torch.float64)
    moved = {
        name: float(reading(scores + 2) - reading(scores)) for name, reading in READINGS.items()
    }
    assert moved["info_nce"] == pytest.approx(0, abs=1e-9)
    assert moved["donsker_varadhan"] == pytest.approx(0, abs=1e-9)
    assert moved["jensen_shannon"] == pytest.approx(2, abs=1e-9)
    assert moved["nwj"] != pytest.approx(0, abs=0.1)


@pytest.mark.slow  # docs/theory/information.md, whose blocks are run, shows the same ceiling
def test_a_trained_info_nce_critic_meets_its_ceiling_and_others_pass_it() -> None:
    x, y = CorrelatedGaussians(4, information=6.0).draw(8192)
    named = estimate_information(x, y, estimator="info_nce", batch_size=32, steps=500)
    ratio = estimate_information(x, y, estimator="jensen_shannon", batch_size=32, steps=500)
    assert named.ceiling == pytest.approx(math.log(32))
    assert 0.85 * math.log(32) < named.nats < math.log(32)
    assert math.log(32) + 0.5 < ratio.nats < 6.5
    assert ratio.ceiling is None


@pytest.mark.slow
@pytest.mark.parametrize("estimator", mostly_slow(READINGS, quick=["info_nce"]))
def test_a_trained_critic_finds_what_is_there_and_nothing_where_nothing_is(estimator: str) -> None:
    x, y = CorrelatedGaussians(2, information=1.0).draw(6144)
    found = estimate_information(x, y, estimator=estimator, steps=400)
    nothing = estimate_information(x, y.roll(1, 0), estimator=estimator, steps=120)
    assert found.nats == pytest.approx(1.0, abs=0.2)
    assert nothing.nats == pytest.approx(0.0, abs=0.1)


def test_the_estimators_differ_in_spread_where_much_is_shared() -> None:
    world = CorrelatedGaussians(4, information=6.0)
    scores = [perfect_scores(world, 64, seed=seed) for seed in range(100)]
    spread = {
        name: float(torch.stack([reading(s) for s in scores]).std())
        for name, reading in READINGS.items()
    }
    assert spread["info_nce"] < spread["jensen_shannon"] < spread["donsker_varadhan"]
    assert spread["donsker_varadhan"] < spread["nwj"]


@pytest.mark.slow  # trains a critic; estimator and bound each have quicker tests
def test_an_estimate_of_what_shapes_share_bounds_the_error() -> None:
    world = ShapeWorld(content_change=0.1)
    truth = multi_view_information(world.joint())
    content = torch.eye(8)[world.draw(8192).factors["content"]]
    found = estimate_information(content[0], content[1], steps=300)
    assert found.nats == pytest.approx(truth.input_signal, abs=0.15)
    bound = bayes_error_bound(found.nats, task_entropy=truth.task_entropy, num_tasks=8)
    exact = bayes_error_chain(world.joint(), torch.arange(8)).values[-1]
    assert 0 < bound < 0.6
    assert bound == pytest.approx(exact, abs=0.1)


def test_an_estimate_depends_on_its_seed_alone() -> None:
    x, y = CorrelatedGaussians(2, information=1.0).draw(512)
    before = torch.random.get_rng_state()
    first = estimate_information(x, y, batch_size=32, steps=5)
    torch.manual_seed(99)
    assert estimate_information(x, y, batch_size=32, steps=5) == first
    assert estimate_information(x, y, batch_size=32, steps=5, seed=1) != first
    torch.random.set_rng_state(before)


def test_units_and_constant_columns_do_not_matter() -> None:
    x, y = CorrelatedGaussians(2, information=1.0).draw(2048)
    scaled = torch.cat([1e6 * x + 5, torch.full((2048, 1), 3.0)], dim=1)
    plain = torch.cat([x, torch.zeros(2048, 1)], dim=1)
    one, other = (estimate_information(v, y, steps=20, batch_size=64) for v in (plain, scaled))
    assert one.nats == pytest.approx(other.nats, abs=1e-3)


def test_a_ceiling_is_the_logarithm_of_the_candidates() -> None:
    assert information_ceiling(1) == 0
    assert information_ceiling(511) == pytest.approx(math.log(511))


@pytest.mark.usefixtures("as_users_run_it")
def test_bad_arguments_are_refused_with_words() -> None:
    with pytest.raises(ValueError, match="`num_candidates` must be a whole number of 1 or more"):
        information_ceiling(0)
    with pytest.raises(ValueError, match=r"`scores` must be square .* got shape \(3, 4\)"):
        nwj_information(torch.zeros(3, 4))
    with pytest.raises(ValueError, match="`scores` needs at least 2 rows"):
        info_nce_information(torch.zeros(1, 1))
    x = torch.zeros(100, 2)
    with pytest.raises(ValueError, match="`y` must have a row for each of the 100 rows of `x`"):
        estimate_information(x, torch.zeros(99, 2))
    with pytest.raises(ValueError, match="at least 8 batches of 64 pairs, got 100 rows"):
        estimate_information(x, x, batch_size=64)
    with pytest.raises(ValueError, match=r"must be one of .*, got 'jsd'"):
        estimate_information(x, x, estimator="jsd", batch_size=8)
    with pytest.raises(ValueError, match="`x` must contain only finite numbers"):
        estimate_information(x * math.nan, x, batch_size=8)
