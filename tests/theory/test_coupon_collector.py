"""The coupon collector, against exact arithmetic and the published tables."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from nearfar.theory import (
    coupon_collector_bounds,
    coupon_collector_probability,
    draws_for_coverage,
    expected_draws,
    expected_log_collisions,
    log_coupon_collector_probability,
)
from nearfar.theory._occupancy import log_others_appear
from references import negatives as exact

PRIORS = {
    "a rare class": [Fraction(1, 1000), Fraction(999, 1000)],
    "three unlike": [Fraction(1, 6), Fraction(1, 3), Fraction(1, 2)],
    "a ramp": [Fraction(i, 36) for i in range(1, 9)],
    "three rare": [Fraction(1, 1000)] * 3 + [Fraction(997, 1000)],
    "a long tail": [Fraction(2**i, 2**10 - 1) for i in range(10)],
}

# classes, draws: υ to the digits printed
TABLE = {
    (2, 2): (0.5, 1e-12),
    (2, 4): (0.875, 1e-12),
    (4, 16): (0.960001, 5.1e-7),
    (4, 32): (0.999598, 5.1e-7),
    (4, 512): (1.0, 1e-12),
    (10, 16): (0.070310, 5.1e-7),
    (10, 32): (0.690976, 5.1e-7),
    (10, 63): (0.986935, 5.1e-7),
    (10, 64): (0.988238, 5.1e-7),
    (10, 128): (0.999986, 5.1e-7),
    (10, 256): (1 - 1.9e-11, 1e-12),
    (10, 512): (1.0, 1e-12),
    (20, 32): (0.003285, 5.1e-7),
    (20, 64): (0.441769, 5.1e-7),
    (20, 128): (0.972102, 5.1e-7),
    (20, 256): (0.999960, 5.1e-7),
    (100, 128): (1.5036e-22, 5.1e-27),
    (100, 256): (1.2329e-4, 5.1e-9),
    (100, 384): (0.108002, 5.1e-7),
    (100, 512): (0.552681, 5.1e-7),
    (100, 640): (0.850579, 5.1e-7),
    (100, 768): (0.956447, 5.1e-7),
    (100, 896): (0.987790, 5.1e-7),
    (100, 1024): (0.996613, 5.1e-7),
    (1000, 4096): (2.87e-8, 5.1e-11),
    (1000, 8192): (0.758755, 5.1e-7),
    (1000, 65537): (1.0, 1e-9),
}


@pytest.mark.parametrize(("classes", "draws"), TABLE)
def test_the_reference_table_is_met_to_its_digits(classes: int, draws: int) -> None:
    value, tolerance = TABLE[classes, draws]
    assert coupon_collector_probability(draws, classes) == pytest.approx(value, abs=tolerance)


@pytest.mark.parametrize("classes", [1, 2, 3, 10, 20, 100, 150])
def test_equal_classes_agree_with_exact_arithmetic(classes: int) -> None:
    for draws in {classes, classes + 1, classes + 2, 2 * classes, 5 * classes, 12 * classes}:
        truth = exact.coupon_collector_probability_equal(draws, classes)
        found = log_coupon_collector_probability(draws, classes)
        assert found == pytest.approx(exact.log(truth), abs=2e-12)


def test_a_thousand_classes_agree_with_exact_arithmetic() -> None:
    truth = exact.coupon_collector_probability_equal(1_300, 1_000)
    found = log_coupon_collector_probability(1_300, 1_000)
    assert found == pytest.approx(exact.log(truth), abs=1e-11)


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("more", [0, 1, 2, 5, 20, 100, 1500])
def test_any_prior_agrees_with_exact_arithmetic(name: str, more: int) -> None:
    prior = PRIORS[name]
    draws = len(prior) + more
    truth = exact.log(exact.coupon_collector_probability(draws, prior))
    found = log_coupon_collector_probability(draws, [float(p) for p in prior])
    assert found == pytest.approx(truth, abs=3e-12)


@pytest.mark.parametrize("name", PRIORS)
@pytest.mark.parametrize("more", [-1, 0, 1, 2, 5, 20, 100, 1000])
def test_given_an_anchor_the_others_must_appear(name: str, more: int) -> None:
    prior = PRIORS[name]
    draws = len(prior) + more
    values, counts = np.unique([float(p) for p in prior], return_counts=True)
    found = log_others_appear(draws, values, counts.astype(np.float64))
    for place, value in enumerate(sorted(set(prior))):
        others = list(prior)
        others.remove(value)
        truth = exact.log(exact.coupon_collector_probability(draws, others))
        assert found[place] == pytest.approx(truth, abs=1e-11)
    assert found[-1] == found.min()  # least for the most frequent class
    joint = math.log(math.fsum(counts * values * np.exp(found)))
    total = log_coupon_collector_probability(draws + 1, [float(p) for p in prior])
    assert joint == pytest.approx(total, abs=1e-11)


def test_series_recursion_and_counting_are_one() -> None:
    for classes, draws in ((2, 5), (4, 16), (10, 32)):
        truth = exact.coupon_collector_probability_equal(draws, classes)
        assert exact.coupon_collector_series(draws, classes) == truth
        assert exact.coupon_collector_recursion(draws, classes) == truth
        assert exact.coupon_collector_probability(draws, exact.equal(classes)) == truth


def test_the_sum_in_floating_point_is_noise_where_ours_is_not() -> None:
    series = sum(
        math.comb(99, m) * (-1) ** m * (1 - (m + 1) / 100) ** (n - 1)
        for n in range(100, 129)
        for m in range(99)
    )
    assert abs(series) > 1e-4
    assert coupon_collector_probability(128, 100) == pytest.approx(1.5036205e-22, rel=1e-7)


def test_simulated_draws_agree() -> None:
    prior = torch.tensor([0.4, 0.3, 0.2, 0.1])
    drawn = torch.multinomial(prior, 20_000 * 12, replacement=True).view(20_000, 12)
    shown = torch.nn.functional.one_hot(drawn, 4).any(dim=1).all(dim=1).double().mean()
    assert coupon_collector_probability(12, prior) == pytest.approx(float(shown), abs=0.014)


@settings(max_examples=60, deadline=None, derandomize=True, database=None)
@given(
    weights=st.lists(st.floats(0.001, 1), min_size=1, max_size=40),
    more=st.integers(0, 2000),
)
def test_any_prior_gives_a_probability_within_its_bounds(weights: list[float], more: int) -> None:
    prior = [w / math.fsum(weights) for w in weights]
    draws = len(prior) + more
    log_here = log_coupon_collector_probability(draws, prior)
    here = coupon_collector_probability(draws, prior)
    lower, upper = coupon_collector_bounds(draws, prior)
    assert 0 <= lower * (1 - 1e-11) <= here <= upper * (1 + 1e-11) <= 1 + 1e-11
    assert log_here <= log_coupon_collector_probability(draws + 1, prior) + 1e-11
    assert log_here <= log_coupon_collector_probability(draws, len(prior)) + 1e-11
    turned = log_coupon_collector_probability(draws, prior[::-1])
    assert turned == pytest.approx(log_here, abs=1e-9)


@pytest.mark.parametrize("draws", [50, 51, 60, 300, 5000])
def test_nearly_equal_classes_read_as_equal_ones(draws: int) -> None:
    uneven = torch.full((50,), 1 / 50, dtype=torch.float64)
    uneven += 1e-9 * torch.linspace(-1, 1, 50, dtype=torch.float64)
    equal = log_coupon_collector_probability(draws, 50)
    assert log_coupon_collector_probability(draws, uneven) == pytest.approx(equal, abs=1e-10)
    assert expected_draws(uneven) == pytest.approx(expected_draws(50), rel=1e-12)


def test_fewer_draws_than_classes_never_show_all() -> None:
    assert coupon_collector_probability(9, 10) == 0
    assert log_coupon_collector_probability(9, 10) == -math.inf
    assert coupon_collector_bounds(9, 10) == (0, 0)
    assert coupon_collector_probability(0, 1) == 0
    assert coupon_collector_probability(1, 1) == 1


@pytest.mark.parametrize(
    ("classes", "draws"), [(2, 3), (4, 9), (10, 30), (100, 519), (3029, 26030)]
)
def test_table_3_of_the_paper_is_met(classes: int, draws: int) -> None:
    assert math.ceil(expected_draws(classes) - 1e-9) == draws


@pytest.mark.parametrize("name", PRIORS)
def test_expected_draws_agree_with_exact_arithmetic(name: str) -> None:
    prior = PRIORS[name]
    truth = float(exact.expected_draws(prior))
    assert expected_draws([float(p) for p in prior]) == pytest.approx(truth, rel=1e-12)


@pytest.mark.parametrize("classes", [2, 30, 1_000, 20_000])
def test_expected_draws_of_many_unlike_classes_are_those_of_equal_ones_in_the_limit(
    classes: int,
) -> None:
    uneven = 1 + 1e-7 * np.linspace(-1, 1, classes)
    found = expected_draws(uneven / uneven.sum())
    assert found == pytest.approx(expected_draws(classes), rel=1e-9)


def test_expected_draws_are_the_sum_of_what_is_missing() -> None:
    prior = [0.5, 0.3, 0.15, 0.05]
    missing = math.fsum(1 - coupon_collector_probability(n, prior) for n in range(1500))
    assert expected_draws(prior) == pytest.approx(missing, rel=1e-9)


@settings(max_examples=30, deadline=None, derandomize=True, database=None)
@given(
    weights=st.lists(st.floats(0.01, 1), min_size=1, max_size=20),
    probability=st.floats(0.01, 0.999),
)
def test_draws_for_coverage_are_the_fewest(weights: list[float], probability: float) -> None:
    prior = [w / math.fsum(weights) for w in weights]
    draws = draws_for_coverage(prior, probability=probability)
    assert coupon_collector_probability(draws, prior) >= probability
    assert coupon_collector_probability(draws - 1, prior) < probability


@pytest.mark.parametrize("equal", [True, False])
@pytest.mark.parametrize(
    "quantity",
    [
        lambda prior: coupon_collector_probability(65_537, prior),
        lambda prior: coupon_collector_probability(4_096, prior),
        lambda prior: expected_log_collisions(65_536, prior),
        expected_draws,
        draws_for_coverage,
    ],
)
def test_the_largest_sizes_give_sense(quantity: Callable[[Any], float], equal: bool) -> None:
    weights = np.linspace(1, 3, 1_000)
    found = quantity(1_000 if equal else weights / weights.sum())
    near = quantity(1_000 if equal else weights[::-1] / weights.sum())
    assert 0 < found < 30_000
    assert found == pytest.approx(near, rel=1e-12)


@pytest.mark.usefixtures("as_users_run_it")
def test_what_makes_no_sense_is_refused() -> None:
    for quantity in (
        coupon_collector_probability,
        log_coupon_collector_probability,
        coupon_collector_bounds,
    ):
        with pytest.raises(ValueError, match="`num_draws` must be a whole number of 0 or more"):
            quantity(-1, 10)
        with pytest.raises(ValueError, match=r"`prior` must sum to 1, got a sum of 1\.1"):
            quantity(5, [0.5, 0.6])
    with pytest.raises(ValueError, match="`prior` must be a whole number of 1 or more, got -3"):
        expected_draws(-3)
    for probability in (0, 1, -0.5, 95):
        with pytest.raises(ValueError, match="`probability` must be between 0 and 1"):
            draws_for_coverage(10, probability=probability)
